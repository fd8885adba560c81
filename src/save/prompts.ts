import type { Db } from '../store/pool.ts';

/** The chart that leads to the family of a Task. */
export async function ownerOfTask(db: Db, id: string): Promise<string> {
  const sql = "select owner from resource where type = 'Task' and id = $1";
  const { rows } = await db.query<{ owner: string }>(sql, [id]);
  return rows[0]?.owner ?? '';
}
