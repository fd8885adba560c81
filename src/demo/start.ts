/** Starts Skein whole, in this process, with a database of the demo's own and on ports that are free. */
import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { addSystem } from '../access/register/systems.ts';
import { type Config, readConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { openLog } from '../observe/log.ts';
import { type Stop, startRoles } from '../run/roles.ts';
import { openStore } from '../store/open.ts';
import { TEAMS } from './family.ts';
import { startIssuer } from './issuer.ts';
import { ROLES } from './people.ts';
import { say } from './say.ts';
import { openDemoStore } from './store.ts';

/** `leaves`: the folders that are there when it has ended. */
export type Running = { ctx: Context; base: string; leaves: string[]; reach: string; signsIn: boolean };

/** Starts everything; adds to `stops` how each part is stopped. Of the environment it uses ports, DATA_DIR
 * and REDIS_URL only. */
export async function startSkein(env: NodeJS.ProcessEnv, stops: Stop[]): Promise<Running> {
  if (env.DATABASE_URL) say.notice('DATABASE_URL is left alone: the demo has a database of its own');
  const { PORT, MLLP_PORT, DATA_DIR, REDIS_URL } = env;
  const wanted = readConfig({ PORT, MLLP_PORT, DATA_DIR, REDIS_URL, WEBHOOK_ALLOW: '127.0.0.1' });
  say.line('starting PostgreSQL, which came with npm …');
  const dataDir = resolve(wanted.DATA_DIR, 'demo');
  const store = await openDemoStore(dataDir, say.line);
  stops.push(store.close);
  say.ready(`PostgreSQL runs, its data are in ${store.home}`);
  if (store.others > 0)
    say.notice(`another demo runs here: this one keeps to a database of its own, ${store.database}`);
  const ports = { PORT: await takePort(wanted.PORT), MLLP_PORT: await takePort(wanted.MLLP_PORT) };
  const signIn = await startSignIn(ports.PORT, store.home, stops);
  const config = { ...wanted, ...ports, DATABASE_URL: store.url, ...signIn };
  const logFile = join(store.home, `${store.database}.log`);
  const log = openLog(config.LOG_LEVEL, pino.destination({ dest: logFile, append: false }));
  const { db, key, vault, close } = await openStore(config, log);
  stops.push(close);
  say.ready(`database ${store.database} made afresh, migrations applied`);
  const ctx: Context = { config, log, db, key, vault, signals: new EventEmitter() };
  const { url, mllpPort } = await startRoles(ctx, stops);
  const queue = REDIS_URL ? 'Redis' : 'PostgreSQL';
  say.ready(`HTTP on ${url}, HL7 v2 (MLLP) on port ${mllpPort}, worker with its queue in ${queue}`);
  say.line(`  log: ${logFile}`);
  for (const team of Object.values(TEAMS)) await addSystem(db, key, team);
  say.ready(`${Object.keys(TEAMS).length} services registered, each with its sector`);
  const leaves = [...new Set([dataDir, store.home])];
  return { ctx, base: url, leaves, reach: reachBy(store), signsIn: signIn !== null };
}

/** The settings by which people sign in at an issuer of the demo's own; null where there can be none. */
async function startSignIn(port: number, home: string, stops: Stop[]): Promise<Partial<Config> | null> {
  const base = `http://127.0.0.1:${port}`;
  const issuer = await startIssuer((await probe(0)) as number, base);
  if (!issuer) {
    say.notice('no sign-in: it needs the packages for development; pages have a choice of services instead');
    return null;
  }
  stops.push(issuer.close);
  const [roles, key] = [join(home, 'roles.yaml'), join(home, 'sign-in.pem')];
  await writeFile(roles, JSON.stringify({ roles: ROLES }));
  await writeFile(key, issuer.key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  say.ready(`an issuer of invented people on ${issuer.url}`);
  return {
    ...{ PUBLIC_URL: base, HUMAN_ISSUER: issuer.url, HUMAN_AUDIENCE: 'skein-demo', HUMAN_ROLES: roles },
    ...{ HUMAN_JWKS: `${issuer.url}/jwks`, SIGN_IN_CLIENT_ID: issuer.clientId },
    ...{ SIGN_IN_KEY_FILE: key, SIGN_IN_KEY_ID: issuer.keyId },
  };
}

/** The wanted port, or a free one where it is taken. */
async function takePort(wanted: number): Promise<number> {
  const free = await probe(wanted);
  if (free !== null) return free;
  const other = (await probe(0)) as number;
  say.notice(`port ${wanted} is taken: using ${other}`);
  return other;
}

async function probe(port: number): Promise<number | null> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    const { port: got } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    return got;
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Sets DATABASE_URL to the demo's own store, without its password on the screen. */
function reachBy({ url, home }: { url: string; home: string }): string {
  const { host, pathname } = new URL(url);
  return `DATABASE_URL="postgres://skein:$(cat '${join(home, 'password')}')@${host}${pathname}"`;
}
