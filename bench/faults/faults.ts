/** What goes wrong, by name. Each is over when it returns: then work must go on. */
import { setTimeout as pause } from 'node:timers/promises';
import { runSkein } from './command.ts';
import { caughtAt, type Point } from './commit-points.ts';
import type { Mood } from './listener.ts';
import type { Stage } from './stage.ts';

export type Fault = {
  run: (stage: Stage) => Promise<void>;
  /** It needs a Redis, or a disk of its own. */
  needs?: 'redis' | 'disk';
  /** What waits for its next try, or comes after all that waited, may take longer than what a kill may. */
  patient?: true;
};

/** More than a lease holds. */
const FROZEN_MS = 6_000;
const UNWELL_MS = 3_000;
const DISK_FULL_MS = 4_000;
/** The time in which a supervisor starts what crashed. */
const CRASHES = { count: 10, ms: 400 };
const AWAY_MS = 10_000;
const CLOCK_MS = 2 * 86_400_000;

const SAVED: Point[] = [
  ...['message', 'record', 'statement', 'resource', 'outbox', 'intake'].map(
    (table): Point => ({ table, when: 'write' }),
  ),
  { table: 'intake', when: 'commit' },
];
/** What the worker keeps: what is to be told, its number, the attempt before the bytes leave, and what came of it. */
const TOLD: Point[] = ['pending', 'notification', 'attempt', 'subscription'].map((table) => ({
  table,
  when: 'write',
}));

const pick = <One>({ random }: Stage, ones: readonly One[]): One =>
  ones[Math.floor(random() * ones.length)] as One;

/** Endpoints that answer so for a while; each of them gives a sign of life afterwards. */
const mood = (of: Mood): Fault => ({
  patient: true,
  run: async ({ listener, signsOfLife }) => {
    listener.mood = of;
    await pause(UNWELL_MS);
    listener.mood = 'well';
    listener.hangUp();
    await signsOfLife();
  },
});

export const FAULTS: Record<string, Fault> = {
  api: { run: ({ cast }) => cast.kill('api') },
  worker: { run: ({ cast }) => cast.kill('worker') },
  store: { run: ({ cast }) => cast.kill('store') },
  redis: { needs: 'redis', run: ({ cast }) => cast.kill('redis') },
  flush: { needs: 'redis', run: ({ cast }) => cast.kill('flush') },
  'redis-away': { needs: 'redis', run: ({ cast }) => cast.withoutRedis(AWAY_MS) },
  'api-in-save': {
    run: (stage) => caughtAt(stage.db.pool, pick(stage, SAVED), () => stage.cast.kill('api')),
  },
  'worker-in-telling': {
    run: (stage) => caughtAt(stage.db.pool, pick(stage, TOLD), () => stage.cast.kill('worker')),
  },
  /** What was sent is there, and nobody has said so. */
  'worker-unanswered': {
    patient: true,
    run: async (stage) => {
      stage.listener.mood = 'silent';
      await stage.heard();
      await stage.cast.kill('worker');
      stage.listener.mood = 'well';
      stage.listener.hangUp();
      await stage.signsOfLife();
    },
  },
  'api-frozen': { run: ({ cast }) => cast.freeze('api', UNWELL_MS) },
  /** Another takes over what it had leased; then it goes on where it was. */
  'worker-frozen': {
    run: async ({ cast }) => {
      const other = await cast.beside();
      await cast.freeze('worker', FROZEN_MS);
      await other.stop();
    },
  },
  'ten-crashes': {
    run: async (stage) => {
      const role = pick(stage, ['api', 'worker'] as const);
      for (let n = 0; n < CRASHES.count; n++) {
        await stage.cast.kill(role);
        await pause(stage.random() * CRASHES.ms);
      }
    },
  },
  'rolling-restart': {
    run: async ({ cast }) => {
      for (let n = 0; n < 3; n++) {
        const other = await cast.beside();
        await cast.restart('worker');
        await other.stop();
        await cast.restart('api');
      }
    },
  },
  'worker-clock': { run: (stage) => wrongClock(stage, 'worker') },
  'api-clock': { run: (stage) => wrongClock(stage, 'api') },
  reset: mood('reset'),
  'half-open': mood('silent'),
  trickle: mood('trickle'),
  poison: { run: ({ senders, cast, probe }) => senders.poison(cast.mllpPort, probe()) },
  mllp: {
    run: async ({ senders, cast, probe, never }) => {
      never.push(await senders.admitHalf(cast.mllpPort, probe()));
      await senders.admitAll(cast.mllpPort, [probe()], 1);
      await senders.admitAll(cast.mllpPort, [probe(), probe(), probe()], Number.POSITIVE_INFINITY);
    },
  },
  /** Every view made anew while messages come in. */
  rebuild: { run: async ({ db }) => void (await runSkein(db, ['rebuild', '--json'])) },
  'switched-off': { run: (stage) => stage.switchOff() },
  'full-disk': {
    needs: 'disk',
    patient: true,
    run: async ({ disk }) => {
      disk?.fill();
      await pause(DISK_FULL_MS);
      disk?.free();
    },
  },
};

async function wrongClock(stage: Stage, role: 'api' | 'worker'): Promise<void> {
  await stage.cast.restart(role, pick(stage, [CLOCK_MS, -CLOCK_MS]));
  await pause(UNWELL_MS);
  await stage.cast.restart(role);
}
