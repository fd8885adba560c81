import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { keyedId } from '../fhir/ids.ts';
import type { Answer, Message, MessageStatus } from '../model.ts';
import type { Facts } from '../store/facts.ts';
import { transaction } from '../store/pool.ts';

/**
 * More people than this around one message are no family: the number that most of them carry is a
 * placeholder.
 */
const CEILING = 100;

/** What an earlier delivery under the same id came to. */
type Earlier = { messageId: string; contentHash: string; status: MessageStatus; units: Answer['units'] };
type Loaded = Partial<Facts> & {
  keys: string[];
  busy: boolean;
  crowded?: string | null;
  earlier?: Earlier | null;
};
export type Sender = { systemId: number; identifier: string };
/**
 * `tainted`: numbers found out just now to be placeholders, whose other families are still to be recomputed.
 */
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
 * Runs `work` in one transaction that holds the locks of every family the keys can touch, with what is stored
 * of them. Locks come first and ids after, so for one person id order is commit order. Where another message
 * holds part of the family it begins again with all keys known by then, in order: no deadlock, no stale read.
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
  return `select skein_load(${list}::uuid[], ${CEILING}, ${Number(systemId)}, ${pg.escapeLiteral(identifier)})
    as loaded`;
}

/** What was read. Throws Busy or Crowded: begin again. */
function factsOf(first: pg.QueryResult<{ loaded: Loaded }> | undefined): Omit<Held, 'tainted'> {
  const loaded = first?.rows[0]?.loaded as Loaded;
  if (loaded.busy) throw new Busy(loaded.keys);
  if (loaded.crowded) throw new Crowded(loaded.crowded);
  return readLoaded(loaded);
}

function readLoaded({ earlier, ...loaded }: Loaded): Omit<Held, 'tainted'> {
  const { statements, tainted, frozen, views, involvements, members } = loaded;
  const facts = {
    statements: statements ?? [],
    tainted: tainted ?? [],
    frozen: frozen ?? [],
    views: views ?? [],
    involvements: involvements ?? [],
    members: members ?? [],
  };
  return { facts, earlier: earlier ?? null };
}

/** What one message of a group asks for; `row` of a file whose message is stored. */
export type Asked = Sender & { wanted: string[]; row: { messageId: string; position: string } | null };
/**
 * `keys`: the closure, as far as it was followed. `held` is null where the message must be settled by itself.
 */
export type Lent = { keys: string[]; held: Omit<Held, 'tainted'> | null; stored: boolean };

/** Locks and reads the closures of several messages, waiting for none: for `readThenWrite`. */
export function loadGroupStatement(asked: Asked[]): string {
  const members = asked.map(({ wanted, systemId, identifier, row }) => ({
    ...{ wanted, sender: systemId, identifier },
    ...(row && { message: row.messageId, position: row.position }),
  }));
  return `select skein_load_group(${pg.escapeLiteral(JSON.stringify(members))}, ${CEILING}) as loaded`;
}

/** What was read for each of them, in order. */
export function readGroup({
  rows,
}: pg.QueryResult<{ loaded: { loaded: Loaded; stored: boolean }[] }>): Lent[] {
  return (rows[0]?.loaded ?? []).map(({ loaded, stored }) => ({
    keys: loaded.keys,
    held: loaded.busy || loaded.crowded ? null : readLoaded(loaded),
    stored,
  }));
}

/**
 * What an earlier delivery settles, or null where this one is to be processed: a retry gets the stored
 * answer, other content under an accepted id is refused, other content under a held or rejected one is a
 * correction, and what was cut short or met a fault of ours goes on. A replay is settled where a correction
 * came in its place meanwhile.
 */
export function answerEarlier(
  earlier: Earlier | null,
  message: Message,
  { replay = false }: { replay?: boolean },
): Answer | null {
  if (!earlier) return null;
  const { messageId, contentHash, status, units } = earlier;
  const same = contentHash === message.contentHash;
  const done = status === 'accepted' && units.every((unit) => unit.status === 'accepted');
  if (replay && same && !done) return null;
  if (!replay && (same ? isOpen(earlier) : status !== 'accepted')) return null;
  return {
    messageId,
    identifier: message.identifier,
    status,
    units,
    duplicate: same,
    conflict: !same && !replay,
  };
}

/** A file cut short, or where a fault of ours was met: it goes on when it is sent again. */
const isOpen = ({ status, units }: Earlier): boolean =>
  (status === 'held' && units.length === 0) || units.some((unit) => unit.status === 'failed');

type Row = Pick<Answer, 'identifier'> & Pick<Answer['units'][number], 'position' | 'issues'>;

/**
 * Of a row of a file that is stored: by another process that was sent the file, too, or in a commit that
 * nobody heard of.
 */
export function answerStored(messageId: string, { identifier, position, issues }: Row): Answer {
  const units = [{ position, status: 'accepted' as const, issues }];
  return { messageId, identifier, status: 'accepted', units, duplicate: true, conflict: false };
}

/** The lock key of a message id: two deliveries of one message are decided one after the other. */
export function messageKey(key: Buffer, systemId: number, identifier: string): string {
  return keyedId(key, 'message', String(systemId), identifier);
}

/** The lock key of one row of a stored file: two processes that read it store the row once. */
export function rowKey(key: Buffer, messageId: string, position: string): string {
  return keyedId(key, 'row', messageId, position);
}
