/** `skein policy show`: who may know what, for people who answer for it. */
import { describePolicy } from '../../access/decide/describe-policy.ts';
import { POLICY, POLICY_DIGEST } from '../../access/decide/policy.ts';
import { type Commands, command } from '../command.ts';
import { withStore } from '../with-store.ts';

export const policy: Commands = {
  'policy show': command({
    summary: 'who may know what: the sharing policy in force, in words',
    help: `Usage: skein policy show [--json]

The policy that this store goes by, as a page in Markdown: a table by sector, category and person, and the
rules around it. With --json also the digest by which the audit names it.

Examples:
  skein policy show > sharing.md
  skein policy show --json | jq -r .digest
`,
    options: {},
    run: () =>
      withStore(async () => {
        const page = describePolicy(POLICY);
        return { data: { digest: POLICY_DIGEST, page }, text: page };
      }),
  }),
};
