/** The mappings of a running process: read again when it is asked to, checked first, swapped at once. */
import { sourcesInUse } from '../access/register/systems.ts';
import { type Opened, openMappings, sourcesOf } from '../map/language/load-mappings.ts';
import { describeProblem } from '../map/language/yaml-file.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Db } from '../store/pool.ts';

/** `reload` gives what is wrong, with which nothing was swapped; null where it was. */
export type Kept = { notices: () => Promise<string[]>; reload: () => Promise<string[] | null> };

export function keepMappings(ctx: Pipeline, opened: Opened, folders: URL[]): Kept {
  let present = opened;
  let refused: string[] = [];
  const reload = async () => {
    const fresh = await openMappings(folders).catch((error: Error) => error);
    if (fresh instanceof Error) {
      refused = [`mappings are as they were: ${fresh.message}`];
      return refused;
    }
    const lost = await lostBy(ctx.db, present, fresh);
    refused = lost.map((name) => `mapping ${name} is as it was: what is in its folder now cannot be read`);
    if (lost.length > 0) return [...refused, ...fresh.problems.map(describeProblem)];
    present = fresh;
    ctx.mappings = fresh;
    return null;
  };
  return { notices: async () => [...refused, ...(await describeMappings(ctx.db, present))], reload };
}

/** Sources that work now and would not work then: not read, or gone while a system sends by them. */
async function lostBy(db: Db, before: Opened, after: Opened): Promise<string[]> {
  const used = new Set((await sourcesInUse(db)).flatMap(sourcesOf));
  const isLost = (name: string) =>
    !after.names.includes(name) && (after.left.includes(name) || used.has(name));
  return before.names.filter(isLost);
}

/** What is wrong with these mappings, a line each: mistakes, and what senders use that is not there. */
export async function describeMappings(db: Db, { names, problems }: Opened): Promise<string[]> {
  const used = new Set((await sourcesInUse(db)).flatMap(sourcesOf));
  const missing = [...used].filter((name) => !names.includes(name)).sort();
  return [
    ...problems.map((problem) => `a mapping cannot be read: ${describeProblem(problem)}`),
    ...missing.map((name) => `mapping ${name} is not loaded, and a registered system sends by it`),
  ];
}
