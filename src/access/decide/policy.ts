import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { CATEGORIES, type Category, type Level, type Role } from '../../model.ts';

/**
 * One cell of the table. With `agreement` the own level holds only where the person's own agreement is
 * recorded.
 */
export type Cell = { own: Level; agreement: boolean } & Record<Role, Level>;
export type Row = { group: string; cells: Record<Category, Cell> };
export const PAYLOADS = ['empty', 'id-only', 'full-resource'] as const;
export type Payload = (typeof PAYLOADS)[number];

// The third place is P, and no file can open it: it takes two people's recorded word (sharing ground rule 7).
const CELL = /^([-ESF])\/([-ESF])\/(-)\/([-ESF])( with own agreement)?$/;

const Cell = z
  .string()
  .regex(CELL, 'a cell is own/M/P/I, each of - E S F and P always -')
  .transform((text): Cell => {
    const [, own, mother, partner, infant, agreement] = CELL.exec(text) as unknown as Level[];
    return { own, mother, partner, infant, agreement: agreement !== undefined } as Cell;
  });

const Ceiling = z.strictObject({ ceiling: z.enum(PAYLOADS), approved: z.enum(PAYLOADS).optional() });

/** Breaking glass: how long it lasts, how often somebody may try, and when it is to have been reviewed. */
const Glass = z.strictObject({
  hours: z.int().min(1).max(24),
  mostHours: z.int().min(1).max(24),
  triesPerHour: z.int().min(0).max(100),
  reviewWorkingDays: z.int().min(1).max(10),
});
const GLASS = { hours: 4, mostHours: 24, triesPerHour: 10, reviewWorkingDays: 1 };

/** On what footing in law: `code` is what the audit keeps, `law` how a controller would say it. */
const Basis = z.strictObject({ code: z.string().regex(/^[a-z]+(-[a-z]+)*$/), law: z.string().min(1) });
/** Beside groups and sectors: whoever runs Skein, the person herself, and a system without a sector. */
export const [OPERATOR_BASIS, SUBJECT, NO_SECTOR] = ['operator', 'subject', 'none'];

const Cells = z.strictObject(
  Object.fromEntries(CATEGORIES.map((one) => [one, Cell])) as Record<Category, typeof Cell>,
);
const NOTHING = Object.fromEntries(CATEGORIES.map((one) => [one, '-/-/-/-'])) as Record<Category, string>;
/**
 * Young people (docs/adr/0031-young-people.md). From `ownFrom` years on a child is a person of their own;
 * under `under` services of `closedGroups` know nothing of them without a decision of competence, which holds
 * `decisionMonths` at most; under `heldUnder` nobody but their own services and the sectors of `leads`.
 */
const Young = z
  .strictObject({
    ownFrom: z.int().min(0),
    heldUnder: z.int().min(0),
    under: z.int().min(0).max(18),
    decisionMonths: z.int().min(1).max(24),
    closedGroups: z.array(z.string()),
    leads: z.array(z.string()),
  })
  .refine(({ ownFrom, heldUnder, under }) => ownFrom <= heldUnder && heldUnder <= under, {
    error: 'ages must rise: ownFrom, heldUnder, under',
  });
export const YOUNG: z.infer<typeof Young> = {
  ownFrom: 5,
  heldUnder: 13,
  under: 16,
  decisionMonths: 12,
  closedGroups: ['third-sector', 'hub'],
  leads: ['childrens-services'],
};

const Labels = z.strictObject({ restricted: z.array(z.string()), veryRestricted: z.array(z.string()) });

const Policy = z
  .strictObject({
    closedCareDays: z.int().min(0),
    payloads: z.record(z.string(), Ceiling),
    refusedSectors: z.array(z.string()),
    sealedKinds: z.array(z.string()),
    preconceptionReasons: z.array(z.string()).default([]),
    // A policy from before labels were heeded restricts nothing by them.
    labels: Labels.default({ restricted: [], veryRestricted: [] }),
    discreet: z.array(z.string()),
    givesNoCare: z.array(z.string()),
    // A policy from before there were any figures opens none.
    readsWaits: z.array(z.string()).default([]),
    // And one from before parental responsibility was kept shows it to none.
    readsParental: z.array(z.string()).default([]),
    glass: Glass.default(GLASS),
    // Before there was an export nobody was given one; how bases are left out is for `parsePolicy` to say.
    subject: z.strictObject({ cells: Cells }).default({ cells: Cells.parse(NOTHING) }),
    bases: z.record(z.string(), Basis).default({}),
    // A policy from before young people were told apart protects them as the first one did.
    young: Young.default(YOUNG),
    serviceKinds: z.array(z.string()).min(1),
    rows: z.array(
      z.strictObject({
        sectors: z.array(z.string()).min(1),
        group: z.string(),
        cells: Cells,
      }),
    ),
  })
  .superRefine((policy, context) => {
    for (const [place, group] of policy.young.closedGroups.entries())
      if (!policy.payloads[group])
        context.addIssue({
          code: 'custom',
          path: ['young', 'closedGroups', place],
          message: `${group} is no group of services`,
        });
    const seen = new Set(policy.refusedSectors);
    for (const [index, { sectors, group }] of policy.rows.entries()) {
      const complain = (path: (string | number)[], message: string) =>
        context.addIssue({ code: 'custom', path: ['rows', index, ...path], message });
      if (!policy.payloads[group]) complain(['group'], `no payload ceiling for group ${group}`);
      for (const [place, sector] of sectors.entries()) {
        if (seen.has(sector)) complain(['sectors', place], `${sector} is refused or has a row already`);
        seen.add(sector);
      }
    }
  });

export type Policy = Omit<z.infer<typeof Policy>, 'rows'> & { rows: Map<string, Row> };

/**
 * Reads the sharing policy. Throws one Error naming file and line of everything wrong with it. `kept`: one
 * that was put in force may be of before bases were named, which a file may not.
 */
export function parsePolicy(text: string, file: string, { kept = false } = {}): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true });
  const unreadable = document.errors.map(
    (error) => `${file}:${error.linePos?.[0].line ?? 1}: ${error.message}`,
  );
  if (unreadable.length > 0) throw new Error(unreadable.join('\n'));
  const lineOf = (path: PropertyKey[]): number => {
    const node = path.length === 0 ? document.contents : document.getIn(path as (string | number)[], true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
  };
  const parsed = Policy.safeParse(document.toJS());
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(
      ({ path, message }) => `${file}:${lineOf(path)}: ${path.join('.')}: ${message}`,
    );
    throw new Error(wrong.join('\n'));
  }
  const baseless = kept && Object.keys(parsed.data.bases).length === 0 ? [] : findBaseless(parsed.data);
  if (baseless.length > 0)
    throw new Error(
      baseless.map(([path, name]) => `${file}:${lineOf(path)}: no basis for ${name}`).join('\n'),
    );
  const rows = parsed.data.rows.flatMap(({ sectors, group, cells }) =>
    sectors.map((sector): [string, Row] => [sector, { group, cells }]),
  );
  return { ...parsed.data, rows: new Map(rows) };
}

/** Whoever would be told something on no basis, by where the file speaks of them. */
function findBaseless({ rows, bases }: z.infer<typeof Policy>): [PropertyKey[], string][] {
  const always = [OPERATOR_BASIS, SUBJECT, NO_SECTOR].flatMap((name): [PropertyKey[], string][] =>
    bases[name] ? [] : [[['bases'], name]],
  );
  const sectors = rows.flatMap(({ sectors, group }, index) =>
    sectors.flatMap((sector, place): [PropertyKey[], string][] =>
      (bases[sector] ?? bases[group]) ? [] : [[['rows', index, 'sectors', place], sector]],
    ),
  );
  return [...always, ...sectors];
}

export const POLICY_FILE = new URL('../../../policy/sharing.yaml', import.meta.url);

/** The policy in force (`in-force.ts`); before a store is open, the file. */
export let POLICY_TEXT = readFileSync(POLICY_FILE, 'utf8');
export let POLICY: Policy = parsePolicy(POLICY_TEXT, 'policy/sharing.yaml');

/** Of a sector, or of the person herself. */
export const rowOf = (sector: string | null): Pick<Row, 'cells'> | undefined =>
  sector === SUBJECT ? POLICY.subject : POLICY.rows.get(sector ?? '');

/**
 * The code of the basis on which a sector (null: none), whoever runs Skein or the person herself is told;
 * null by a policy of before there were any.
 */
export function basisOf(sector: string | null): string | null {
  const name = sector ?? NO_SECTOR;
  const basis = POLICY.bases[name] ?? POLICY.bases[POLICY.rows.get(name)?.group ?? ''];
  return basis?.code ?? null;
}

/** By which the audit names a policy: the first 16 digits of what `sha256sum` says of its file. */
export const digestOf = (text: string): string => hash('sha256', text, 'hex').slice(0, 16);
export let POLICY_DIGEST = digestOf(POLICY_TEXT);

export function usePolicy(text: string, policy: Policy): void {
  POLICY_TEXT = text;
  POLICY = policy;
  POLICY_DIGEST = digestOf(text);
}
