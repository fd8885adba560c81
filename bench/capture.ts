/** What Skein's save passes to the database for some real messages, as templates that the floor pastes copies of. */

import { cut, findShared, type Template } from './rekey.ts';
import { type Bench, type Kind, takeMessage } from './stages.ts';
import type { Database } from './store.ts';

/** One save: its text parameters joined by SEPARATOR, to be pasted anew, and the others (packed arrays, in base64) as they are. */
type Save = { text: Template; fixed: (string | null)[] };
/** `places` of the text parameters among all, `body` of the raw message, which is the first of the packed ones. */
export type Captured = { places: number[]; body: number; saves: Save[] };

export const SEPARATOR = '\u0001';

/** Runs `count` messages through the pipeline's stages and keeps the parameters of each save. */
export async function captureSaves(bench: Bench, kind: Kind, count: number): Promise<Captured> {
  const saves: unknown[][] = [];
  const watch = watchSaves(bench.db, (values) => saves.push(values));
  for (let n = 0; n < count; n++) await takeMessage(bench, kind, n);
  watch.stop();
  const [first] = saves as [unknown[], ...unknown[][]];
  const places = first.flatMap((value, place) => (typeof value === 'string' ? [place] : []));
  const texts = saves.map((values) => places.map((place) => values[place]).join(SEPARATOR));
  const shared = findShared(texts);
  const body = first.findIndex((value) => Buffer.isBuffer(value));
  const saved = saves.map((values, index) => ({
    text: cut(texts[index] as string, shared),
    fixed: values.map((value) => (Buffer.isBuffer(value) ? value.toString('base64') : null)),
  }));
  return { places, body, saves: saved };
}

/** Sees the values of every statement of the save stage that the pool's connections run. */
function watchSaves({ pool }: Database, see: (values: unknown[]) => void): { stop: () => void } {
  const onAcquire = (client: { query: unknown }) => {
    if (Object.hasOwn(client, 'query')) return;
    const query = (client.query as (...args: unknown[]) => unknown).bind(client);
    client.query = (...args: unknown[]) => {
      const [config] = args as [{ name?: string; values?: unknown[] }];
      if (config.name?.startsWith('save')) see(config.values ?? []);
      return query(...args);
    };
  };
  pool.on('acquire', onAcquire);
  return { stop: () => pool.off('acquire', onAcquire) };
}
