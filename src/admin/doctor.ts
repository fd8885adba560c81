/** `skein doctor`: whatever is wrong with this installation, a line each, with what mends it. */
import { resolve } from 'node:path';
import { findDisagreements } from '../access/decide/disagreements.ts';
import { describeWider, pendingPolicy } from '../access/decide/in-force.ts';
import { countOverdue } from '../access/glass/reviews.ts';
import { listSystems } from '../access/register/systems.ts';
import type { Config } from '../config.ts';
import { describeUnreached } from '../deliver/send/unreached.ts';
import { describeUnheard } from '../deliver/send/urgent-alerts.ts';
import { describeUnreachable } from '../deliver/subscribe/endpoints.ts';
import { mappingFolders } from '../map/language/folders.ts';
import { openMappings } from '../map/language/load-mappings.ts';
import type { Pipeline } from '../pipeline.ts';
import { describeMappings } from '../run/keep-mappings.ts';
import { describeUnbound } from '../run/unbound-senders.ts';
import { describeConnection, examineServer } from '../store/examine-server.ts';
import type { Db } from '../store/pool.ts';
import { examineQueue } from '../store/queue.ts';
import { describeExposed } from '../store/secrets.ts';
import { storeProblems } from '../store/state.ts';
import { examineRules } from './prompt.ts';

type Finding = { area: string; problems: string[] };

/** What is to be known and is no fault of the installation; nor is, of a trial, how its database is set. */
const TOLD = ['connection', 'people', 'senders', 'messages', 'trial', 'looked at'];

/** Looks at everything and mends nothing. `code` is 1 where something is wrong. */
export async function examine(ctx: Pipeline): Promise<{ data: Finding[]; text: string; code: number }> {
  const folders = mappingFolders(ctx.config.MAPPINGS_DIR);
  const findings: Finding[] = [
    { area: 'store', problems: await storeProblems(ctx.db, ctx.config) },
    { area: 'database', problems: await examineServer(ctx.db, ctx.config) },
    { area: 'connection', problems: describeConnection(ctx.config) },
    { area: 'queue', problems: await examineQueue(ctx.config.REDIS_URL) },
    { area: 'mappings', problems: await describeMappings(ctx.db, await openMappings(folders)) },
    { area: 'policy', problems: await examinePolicy(ctx.db) },
    { area: 'prompts', problems: await examineRules(ctx.db) },
    { area: 'profiles', problems: ctx.profiles.problems },
    { area: 'subscriptions', problems: await examineSubscriptions(ctx) },
    { area: 'glass', problems: await describeOverdue(ctx.db) },
    { area: 'agreements', problems: await describeDisagreements(ctx.db) },
    { area: 'secrets', problems: describeExposed(ctx.config, ctx.vault) },
    { area: 'people', problems: describePeople(ctx.config) },
    { area: 'senders', problems: await describeUnbound(ctx, ctx.mappings) },
    { area: 'messages', problems: await examineMessages(ctx.db) },
    { area: 'trial', problems: describeTrial(ctx) },
    { area: 'looked at', problems: await describeStore(ctx) },
  ];
  const lines = findings.flatMap(({ area, problems }) =>
    problems.length === 0 ? [`${area}: well`] : problems.map((problem) => `${area}: ${problem}`),
  );
  const told = ctx.config.AUTH === 'none' ? [...TOLD, 'database'] : TOLD;
  const wrong = findings.some(({ area, problems }) => !told.includes(area) && problems.length > 0);
  return { data: findings, text: lines.map((line) => `${line}\n`).join(''), code: wrong ? 1 : 0 };
}

async function describeOverdue(db: Db): Promise<string[]> {
  const n = await countOverdue(db);
  return n > 0 ? [`${n} times that glass was broken wait too long for their review: skein glass list`] : [];
}

/** Meanwhile the refusal holds; whoever cares for the child is to be asked. */
async function describeDisagreements(db: Db): Promise<string[]> {
  const persons = await findDisagreements(db);
  return persons.map(
    (id) => `Patient/${id}: holders of parental responsibility disagree, the refusal stands`,
  );
}

const describePeople = ({ HUMAN_ISSUER }: Config): string[] =>
  HUMAN_ISSUER
    ? []
    : [
        'nobody proves who they are: --by is what somebody typed, and breaking glass is refused (HUMAN_ISSUER)',
      ];

/** Of a store that this machine alone reaches. */
const describeTrial = ({ config, vault }: Pipeline): string[] =>
  vault.newest === null && describeExposed(config, vault).length === 0
    ? ['secrets are kept in the clear, which is for trial (SECRET_KEY)']
    : [];

/** What nothing is sent for, and whom to ring instead. */
async function examineSubscriptions({ db, config }: Pipeline): Promise<string[]> {
  return [
    ...(await describeUnheard(db)),
    ...(await describeUnreached(db)),
    ...(await describeUnreachable(db, config.WEBHOOK_ALLOW)),
  ];
}

async function examinePolicy(db: Db): Promise<string[]> {
  const wider = await pendingPolicy(db);
  return wider.length > 0 ? [describeWider(wider)] : [];
}

/** A command that is given other settings than the service looks at another store, or at a new one. */
async function describeStore({ db, config: { DATABASE_URL, DATA_DIR } }: Pipeline): Promise<string[]> {
  const store = DATABASE_URL ? `DATABASE_URL, ${placeOf(DATABASE_URL)}` : `DATA_DIR, ${resolve(DATA_DIR)}`;
  const isEmpty = (await listSystems(db)).length === 0;
  return [
    `the store of ${store}, with the settings that this command was given`,
    ...(isEmpty ? ['no system is registered in it: is it the store that Skein runs on?'] : []),
  ];
}

/** Without user and password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

const WAITING = `select s.name, i.status, count(*)::int as n from intake i join system s on s.id = i.system_id
  where i.status in ('held', 'failed') group by 1, 2 order by 1, 2`;

const EXPIRED = 'select count(*)::int as n from intake where expired_at is not null';

/** What waits for somebody: nothing is wrong here where messages are held. */
async function examineMessages(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ name: string; status: string; n: number }>(WAITING);
  const waiting = rows.map(
    ({ name, status, n }) => `${n} ${status} of ${name}: skein messages --held, skein replay`,
  );
  const { rows: lost } = await db.query<{ n: number }>(EXPIRED);
  const n = lost[0]?.n ?? 0;
  return n > 0 ? [...waiting, `${n} were never mended, and their bodies have expired`] : waiting;
}
