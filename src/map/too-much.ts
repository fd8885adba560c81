/**
 * What is more than one message ever holds. It is held by its count alone, before anything is asked of the
 * store: every statement and every identifier costs a lock there, and PostgreSQL has 6,400 of them for all.
 */
import { isObject } from '../formats/tree.ts';
import type { Json, Statement } from '../model.ts';
import { type Instance, type Run, report } from './run.ts';

/**
 * Resources of one unit: the entries of a transaction, the rows of one patient in an extract. A message of
 * HL7 v2 is of one patient (A40: of some pairs), with relatives.
 */
const MOST_STATEMENTS = { hl7v2: 1_000, others: 5_000 };
/** Entries of one list of a resource (repetitions of PID-3, telephones); rules make at most one more. */
export const MOST_ENTRIES = 500;

/** Reports the first resource that is one too many. True where there is one. */
export function sayTooMany(run: Run, instances: Instance[][], kind: string): boolean {
  const most = kind === 'hl7v2' ? MOST_STATEMENTS.hl7v2 : MOST_STATEMENTS.others;
  const extra = instances.flat()[most];
  if (!extra) return false;
  const { at } = extra.frame;
  return say(run, at, `more than ${most} resources would be made of it: send it in parts`);
}

/** Reports the first entry of a list that is one too many, wherever the list is. True where there is one. */
export function sayTooLong(run: Run, statements: Statement[]): boolean {
  for (const { local, resource } of statements) {
    const element = longList(resource as unknown as Json, local);
    if (element === undefined) continue;
    const source = run.lineage.find((one) => one.element.startsWith(element))?.source;
    const at = source ?? run.lineage.find((one) => one.element.startsWith(`${local}.`))?.source;
    return say(run, at ?? '', `more than ${MOST_ENTRIES} entries of one list of ${resource.resourceType}`);
  }
  return false;
}

/** The path of the first entry beyond the bound: `patient.identifier[500]`. */
function longList(value: Json, at: string): string | undefined {
  if (Array.isArray(value) && value.length > MOST_ENTRIES) return `${at}[${MOST_ENTRIES}]`;
  const parts = Array.isArray(value)
    ? value.map((item, index) => [`${at}[${index}]`, item] as const)
    : isObject(value)
      ? Object.entries(value).map(([name, part]) => [`${at}.${name}`, part] as const)
      : [];
  for (const [path, part] of parts) {
    const found = longList(part as Json, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function say(run: Run, at: string, what: string): true {
  const place = at === '' ? {} : { field: at };
  report(run, { severity: 'error', code: 'too-costly', ...place, text: at ? `${at}: ${what}` : what });
  return true;
}
