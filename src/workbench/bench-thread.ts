/**
 * A thread in which a mapping, as it is or as a draft, is tried on one text: what a draft costs in time and
 * memory is ended from outside (src/run/mapping-bench.ts). It reads mappings, and nothing else.
 */
import { parentPort } from 'node:worker_threads';
import { compileSource } from '../map/language/load-mappings.ts';
import { readMappings } from '../map/language/read-mappings.ts';
import { describeProblem, type Problem, readText } from '../map/language/yaml-file.ts';
import type { Json } from '../model.ts';
import { isSound } from '../pipeline/understand.ts';
import { explainMessage } from './explain.ts';
import { readElement, readSource } from './positions.ts';
import { type Asked, nothing, type Tried } from './tried.ts';

const MOST = 200;
const LONGEST = 300;

async function tryMapping({ folders, name, dialect, text, draft }: Asked): Promise<Tried> {
  const problems: Problem[] = [];
  for (const folder of folders) {
    const url = new URL(`${name}/mapping.yaml`, folder).href;
    const read = (file: URL) => (draft !== null && file.href === url ? draft : readText(file));
    const files = await readMappings(new URL(folder), problems, read);
    if (files.sources.has(name)) compileSource(files, name, problems);
    const own = problems.filter(({ file }) => file.startsWith(`${name}/`));
    if (own.length > 0) return nothing(...own.map(describeProblem));
    if (files.sources.has(name))
      return describe(explainMessage(files, name, { body: Buffer.from(text), dialect }));
  }
  return nothing(`no mapping is called ${name}`);
}

function describe({ units, fields }: ReturnType<typeof explainMessage>): Tried {
  const places = new Map<string, { place: number; value: string }>();
  const elements = units.flatMap(({ result, tree, elements }) =>
    elements.map(({ element, source, rule, translation }) => {
      const value = readSource(tree, source);
      if (value !== undefined && !places.has(source))
        places.set(source, { place: places.size + 1, value: say(value) });
      const { from, to, map } = translation ?? {};
      const statement = result.record?.statements.find(({ local }) => element.startsWith(`${local}.`));
      const resource = statement?.resource as unknown as Json | undefined;
      return {
        ...{ element, source, rule, at: places.get(source)?.place ?? null },
        value: say(resource && readElement(resource, element.slice((statement?.local.length ?? 0) + 1))),
        translated: translation ? `${from} is ${to} by ${map}` : '',
      };
    }),
  );
  const carried = fields.filter(({ examples }) => examples > 0);
  const count = (state: string) => carried.filter((one) => one.state === state).length;
  return {
    wrong: [],
    isSound: units.length > 0 && units.every(({ result }) => isSound(result)),
    issues: units.flatMap(({ result }) =>
      result.issues.map(({ field = '', severity, text }) => ({
        ...{ field, severity, text, position: result.position },
      })),
    ),
    fields: [...places].map(([field, { value }]) => ({ field, value })).slice(0, MOST),
    elements: elements.slice(0, MOST),
    unread: carried
      .filter(({ state }) => state !== 'read')
      .map(({ field, reason = '' }) => ({ field, reason })),
    counts: { read: count('read'), ignored: count('ignored'), unread: count('unread') },
  };
}

function say(value: Json | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

parentPort?.on('message', async (asked: Asked) => {
  const answer = await tryMapping(asked).catch((error: unknown) => {
    if (error instanceof Error) return nothing(error.message);
    throw error;
  });
  parentPort?.postMessage(answer);
});
