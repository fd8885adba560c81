import { loadMappings, type Mappings, openMappings } from '../../map/language/load-mappings.ts';
import { describeProblem } from '../../map/language/yaml-file.ts';
import { type Command, nameOf, readInput, WrongUse } from '../command.ts';
import { type Change, type Impact, measureImpact, type Sight } from '../prove/measure-impact.ts';
import { openVersion } from '../prove/open-version.ts';
import { columns, complain, print, printJson, showProgress } from '../terminal.ts';

export const impact: Command = {
  summary: 'what a change of the mappings does to a corpus of messages',
  options: ['mapping', 'show-values'],
  help: `Usage: skein map impact OLD NEW SAMPLES… [--mapping NAME] [--show-values] [--json]

Runs every sample through two versions of the mappings and counts, by resource and element, what would
be added, removed or changed, and which messages would be newly held, or no longer. OLD and NEW are
folders of mappings, or REVISION:PATH of this git repository, with the hooks as they were. Each sample is
read by the mapping that accepts it, in either version, or by NAME. A mapping of OLD that cannot be read
any more is told and left out. Samples may be of real people: the examples show positions
and codes, other values only with --show-values.

Examples:
  skein map impact HEAD:mappings mappings samples/*.hl7
  skein map impact v1.2.0:mappings mappings --mapping third-sector-csv referrals.csv --show-values
  skein map impact HEAD~1:mappings HEAD:mappings samples/* --json > impact.json

Exit codes: 0 compared, and no message is newly held; 1 some are, or a mapping does not load; 2 used wrongly.
`,
  run: async ([old, now, ...files], flags) => {
    if (old === undefined || now === undefined || files.length === 0)
      throw new WrongUse('OLD, NEW and SAMPLES are needed');
    const found = await compareVersions([old, now], files, flags);
    if (flags.json) printJson(found);
    else print(describe(found));
    return found.changes.some(({ kind }) => kind === 'newly held') ? 1 : 0;
  },
};

async function compareVersions(
  names: [string, string],
  files: string[],
  { mapping, 'show-values': showValues = false }: Parameters<Command['run']>[1],
): Promise<Impact> {
  const versions = names.map(openVersion);
  try {
    const [old, now] = versions;
    if (!old || !now) throw new Error('two versions are opened');
    const { mappings: before, left } = await openOld(old.dir, names[0], mapping);
    const after = without(await loadMappings(now.dir), left);
    if (mapping !== undefined && !before.get(mapping) && !after.get(mapping))
      throw new WrongUse(`neither version has a mapping ${mapping}`);
    const samples = files.map((file) => ({ file: nameOf(file), body: readInput(file) }));
    const progress = showProgress('samples');
    const found = measureImpact({ before, after }, samples, { mapping, showValues, step: progress.step });
    progress.end();
    return found;
  } finally {
    for (const { close } of versions) close();
  }
}

/** The mappings of the old version. One that cannot be read any more, as after a change of the language, is
 * told and left out; the others are compared. */
async function openOld(
  dir: URL,
  name: string,
  asked?: string,
): Promise<{ mappings: Mappings; left: string[] }> {
  const { left, problems, ...mappings } = await openMappings(dir);
  const first = (source: string) => problems.find(({ file }) => file.startsWith(`${source}/`)) ?? problems[0];
  for (const source of left) {
    const problem = first(source);
    const text = `${source} of ${name} cannot be read now${problem ? `: ${describeProblem(problem)}` : ''}`;
    if (source === asked) throw new WrongUse(text);
    complain(`skein: ${text}; it is left out`);
  }
  return { mappings, left };
}

function without({ get, of, names }: Mappings, left: string[]): Mappings {
  const isKept = (source: string) => !left.includes(source);
  return { get: (source) => (isKept(source) ? get(source) : undefined), of, names: names.filter(isKept) };
}

function describe({ units, changed, skipped, changes }: Impact): string {
  const rows = changes.map(({ resource, element, kind, count, examples }: Change) => [
    ...[resource, element, kind, String(count)],
    examples.map(describeSight).join('; '),
  ]);
  return [
    `${units} messages or rows: ${changed} change, ${units - changed} stay the same\n`,
    ...(skipped.length > 0 ? [`${skipped.length} that no mapping accepts: ${listSome(skipped)}\n`] : []),
    columns(rows),
  ].join('');
}

const listSome = (names: string[]) => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}`;

function describeSight({ file, unit, source, before, after }: Sight): string {
  const place = [file, unit].filter(Boolean).join(' ');
  const values =
    before === undefined && after === undefined ? '' : ` ${before ?? 'nothing'} -> ${after ?? 'nothing'}`;
  return `${place}${source ? `: ${source}` : ''}${values}`;
}
