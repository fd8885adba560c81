/** What the pages of sharing read. */
import { CATEGORY, rulesOf, writeCell } from '../access/decide/describe-policy.ts';
import { pendingPolicy } from '../access/decide/in-force.ts';
import { POLICY, POLICY_DIGEST } from '../access/decide/policy.ts';
import { traceDecision } from '../access/decide/trace.ts';
import { listRegistered } from '../access/register/view-as.ts';
import { findDisclosures } from '../audit/who.ts';
import { HOLD, SAFETY } from '../link/safety/statements.ts';
import { CATEGORIES } from '../model.ts';
import { findHeldPersons } from '../save/safety.ts';
import type { Sharing } from '../web/pages/sharing/routes.ts';

export const showSharing: Sharing = {
  policy: () => ({
    digest: POLICY_DIGEST,
    categories: CATEGORIES.map((code) => ({ code, what: CATEGORY[code] })),
    rows: [...POLICY.rows].map(([sector, { group, cells }]) => ({
      ...{ sector, group },
      cells: CATEGORIES.map((one) => writeCell(cells[one])),
    })),
    rules: rulesOf(POLICY),
  }),
  pending: ({ db }) => pendingPolicy(db),
  held: ({ db }) => findHeldPersons(db, SAFETY, HOLD),
  told: ({ db }, id) => findDisclosures(db, id, new Date(0)),
  trace: async ({ db }, service, person) => {
    const found = (await listRegistered(db)).find(({ id }) => id === service);
    return found ? traceDecision(db, found, person) : null;
  },
};
