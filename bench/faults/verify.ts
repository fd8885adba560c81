/** After the storm: is everything that was acknowledged there, once, linked, readable, and told? */
import { request } from 'undici';
import type { Database } from '../store.ts';
import { runSkein } from './command.ts';
import { checkKept } from './kept.ts';
import type { Acknowledged } from './senders.ts';
import { checkSent } from './sent.ts';
import { type Stage, SUBSCRIBERS } from './stage.ts';
import { checkTelling } from './told.ts';

export type Findings = {
  acknowledged: number;
  /** Acknowledged and not stored exactly once as it was sent, not linked, or not to be found in the API exactly once. */
  lost: number;
  storedTwice: number;
  /** Halves: of what is only there together. */
  torn: number;
  /** People with more than one record of their own in the store. */
  duplicatesByPersonCount: number;
  /** Messages sent again under an id that had been acknowledged, and answers to them that are not as they must be. */
  repeated: number;
  misanswered: number;
  /** Pairs of an event and a subscriber who must be told of it, and those who were not. */
  notifications: number;
  undelivered: number;
  /** Numbers that came out of order, with a gap, with another content when sent again, or that `$events` does not give. */
  outOfOrder: number;
  /** Sent without an attempt on record from before, or without its outcome. */
  unaudited: number;
  /** Sent to whoever had been switched off a second before. */
  sentAfterOff: number;
  /** Told of, not readable any more, and not taken back. */
  silentWithdrawals: number;
  /** Still in the outbox, waiting for a number, or for an acknowledgement, a minute after the last message. */
  left: number;
  repeatedWebhooks: number;
  /** Statements and families that a rebuild from facts found different, and resources that it changed. */
  rebuildChanged: number;
  details: string[];
};

const READERS = 8;
const REFERRAL_SYSTEM = 'https://hv.example/Id/referral';
const SHOWN = 20;

export async function verify(stage: Stage): Promise<Findings> {
  const { senders, listener, cast, db } = stage;
  const kept = await checkKept(stage);
  const unread = await findUnread(cast.url, senders.acknowledged);
  const untold = senders.acknowledged
    .filter(({ referral }) => !listener.hasHeard(referral, SUBSCRIBERS))
    .map(({ referral }) => `not told: ${referral}`);
  const telling = await checkTelling(stage);
  const sent = await checkSent(stage);
  const repeatedWebhooks = [...listener.told.values()].reduce((sum, { repeats }) => sum + repeats, 0);
  const details = [
    ...[...kept.missing, ...kept.torn, ...unread, ...untold, ...telling.undelivered, ...telling.misnumbered],
    ...[
      ...sent.unranged,
      ...sent.unaudited,
      ...sent.late,
      ...sent.silent,
      ...senders.misanswered,
      ...senders.refused,
    ],
  ];
  return {
    ...{ acknowledged: kept.acknowledged, lost: kept.missing.length + unread.length },
    ...{ storedTwice: kept.twice, torn: kept.torn.length, duplicatesByPersonCount: kept.persons },
    ...{ repeated: senders.repeated, misanswered: senders.misanswered.length },
    ...{ notifications: telling.wanted, undelivered: telling.undelivered.length + untold.length },
    outOfOrder: telling.misnumbered.length + sent.unranged.length + sent.disorder,
    ...{
      unaudited: sent.unaudited.length,
      sentAfterOff: sent.late.length,
      silentWithdrawals: sent.silent.length,
    },
    ...{ left: telling.left, repeatedWebhooks, rebuildChanged: await countRebuilt(db) },
    details: details.slice(0, SHOWN),
  };
}

/** Referrals that a search by their number does not find exactly once. */
async function findUnread(url: string, acknowledged: Acknowledged[]): Promise<string[]> {
  const queue = acknowledged.values();
  const unread: string[] = [];
  const readOn = async () => {
    for (const { referral } of queue) {
      const query = new URLSearchParams({ identifier: `${REFERRAL_SYSTEM}|${referral}` });
      const { statusCode, body } = await request(`${url}/fhir/ServiceRequest?${query}`);
      const { entry = [] } = (await body.json()) as { entry?: object[] };
      if (statusCode !== 200 || entry.length !== 1)
        unread.push(`${referral} read ${entry.length} times: ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: READERS }, readOn));
  return unread;
}

/** Counted twice over: by what `skein rebuild` says, and by what the rows then say. */
async function countRebuilt(db: Database): Promise<number> {
  const before = await readVersions(db);
  const { changed, statements } = JSON.parse(await runSkein(db, ['rebuild', '--json'])) as {
    changed: number;
    statements: number;
  };
  const after = await readVersions(db);
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  return changed + statements + ids.filter((id) => before.get(id) !== after.get(id)).length;
}

async function readVersions({ pool }: Database): Promise<Map<string, string>> {
  const text = "select type || '/' || id as id, version || ' ' || digest as version from resource";
  const { rows } = await pool.query<{ id: string; version: string }>(text);
  return new Map(rows.map(({ id, version }) => [id, version]));
}
