import { round } from './report.ts';
import { type Kind, openBench, timeStages } from './stages.ts';
import { createDatabase, type Postgres } from './store.ts';

const MESSAGES = 500;

/** Milliseconds per message and stage, one message at a time, for each kind of message. */
export async function profileStages(server: Postgres): Promise<Record<string, string | number>[]> {
  const columns: [Kind, Map<string, number>][] = [];
  for (const kind of ['referral', 'admission'] as const) {
    const db = await createDatabase(server);
    try {
      columns.push([kind, await timeStages(await openBench(db, kind), kind, MESSAGES)]);
    } finally {
      await db.drop();
    }
  }
  const stages = [...(columns[0]?.[1].keys() ?? [])];
  return stages.map((stage) => ({
    stage,
    ...Object.fromEntries(columns.map(([kind, spent]) => [`${kind}Ms`, round(spent.get(stage) ?? 0, 3)])),
  }));
}
