import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { keyedId } from '../fhir/ids.ts';
import type { Answer, Message, MessageStatus } from '../model.ts';
import type { Facts } from '../store/facts.ts';
import { type Db, transaction } from '../store/pool.ts';
import { findStoredRows } from './save.ts';

/** More people than this around one message are no family: the number that most of them carry is a placeholder. */
const CEILING = 100;

/** What an earlier delivery under the same id came to. */
type Earlier = { messageId: string; contentHash: string; status: MessageStatus; units: Answer['units'] };
type Loaded = Partial<Facts> & {
  keys: string[];
  busy: boolean;
  crowded?: string | null;
  earlier?: Earlier | null;
};
type Sender = { systemId: number; identifier: string };
/** `tainted`: numbers found out just now to be placeholders, whose other families are still to be recomputed. */
export type Held = { facts: Facts; earlier: Earlier | null; tainted: string[] };

class Crowded extends Error {
  readonly key: string;
  constructor(key: string) {
    super('a number is carried by too many people to identify anybody');
    this.key = key;
  }
}

class Busy extends Error {
  readonly keys: string[];
  constructor(keys: string[]) {
    super('another message holds part of this family');
    this.keys = keys;
  }
}

/**
 * Runs `work` in one transaction that holds the locks of every family the keys can touch, with what is stored of them. Locks come
 * first and ids after, so for one person id order is commit order. Where another message holds part of the family it begins again
 * with all keys known by then, in order: no deadlock, no stale read.
 */
export async function withFacts<T>(
  pool: pg.Pool,
  keys: string[],
  sender: Sender,
  work: (client: pg.PoolClient, held: Held) => Promise<T>,
): Promise<T> {
  let wanted = keys;
  const tainted: string[] = [];
  for (let round = 0; ; round++) {
    try {
      return await transaction(
        pool,
        (client, first) => work(client, { ...factsOf(first), tainted }),
        loadStatement(wanted, sender),
      );
    } catch (error) {
      if (error instanceof Crowded) {
        await pool.query('insert into tainted (key) values ($1) on conflict do nothing', [error.key]);
        tainted.push(error.key);
        continue;
      }
      if (!(error instanceof Busy)) throw error;
      wanted = error.keys;
      // Jitter: two messages that each found the other's family must not meet again at once.
      await pause(Math.random() * Math.min(50, 2 ** round));
    }
  }
}

/** Locks and reads the closure of some identity keys. */
function loadStatement(keys: string[], { systemId, identifier }: Sender): string {
  const list = pg.escapeLiteral(`{${keys.join()}}`);
  return `select skein_load(${list}::uuid[], ${CEILING}, ${Number(systemId)}, ${pg.escapeLiteral(identifier)}) as loaded`;
}

/** What was read. Throws Busy or Crowded: begin again. */
function factsOf(first: pg.QueryResult<{ loaded: Loaded }> | undefined): Omit<Held, 'tainted'> {
  const loaded = first?.rows[0]?.loaded as Loaded;
  if (loaded.busy) throw new Busy(loaded.keys);
  if (loaded.crowded) throw new Crowded(loaded.crowded);
  const { statements, tainted, views, involvements, members } = loaded;
  const facts = {
    statements: statements ?? [],
    tainted: tainted ?? [],
    views: views ?? [],
    involvements: involvements ?? [],
    members: members ?? [],
  };
  return { facts, earlier: loaded.earlier ?? null };
}

/**
 * What an earlier delivery settles, or null where this one is to be processed: a retry gets the stored answer, other content under
 * an accepted id is refused, other content under a held or rejected one is a correction, and a file cut short goes on. A replay is
 * settled where a correction came in its place meanwhile.
 */
export function answerEarlier(
  earlier: Earlier | null,
  message: Message,
  { replay = false }: { replay?: boolean },
): Answer | null {
  if (!earlier) return null;
  const { messageId, contentHash, status, units } = earlier;
  const same = contentHash === message.contentHash;
  if (replay && same) return null;
  if (!replay && ((!same && status !== 'accepted') || (same && status === 'held' && units.length === 0)))
    return null;
  return {
    messageId,
    identifier: message.identifier,
    status,
    units,
    duplicate: same,
    conflict: !same && !replay,
  };
}

type Row = Pick<Answer, 'identifier'> & Pick<Answer['units'][number], 'position' | 'issues'>;

/** A row of a file that another process has stored meanwhile, which was sent the file, too; else null. */
export async function answerRow(
  db: Db,
  messageId: string,
  { identifier, position, issues }: Row,
): Promise<Answer | null> {
  if (!(await findStoredRows(db, messageId, position)).has(position)) return null;
  const units = [{ position, status: 'accepted' as const, issues }];
  return { messageId, identifier, status: 'accepted', units, duplicate: true, conflict: false };
}

/** The lock key of a message id: two deliveries of one message are decided one after the other. */
export function messageKey(key: Buffer, systemId: number, identifier: string): string {
  return keyedId(key, 'message', String(systemId), identifier);
}
