/**
 * `npm run faults -- [--seeds N] [--first N] [--each N] [--only NAME,NAME] [--queue postgres|redis] [--json]`: messages come in and
 * notifications go out over the real interfaces while processes are killed, frozen and restarted, disks fill, clocks are wrong and
 * subscribers fall silent; then everything acknowledged must be there once, linked and told. The store is an embedded server of the
 * run's own. Exit 1 when something was lost or work resumed late.
 */
import { parseArgs } from 'node:util';
import { redisServer } from './faults/cast.ts';
import { openOnOwnDisk } from './faults/disk.ts';
import { FAULTS } from './faults/faults.ts';
import { seeded } from './faults/random.ts';
import { type Run, runSeed } from './faults/run.ts';
import { say, table } from './report.ts';
import { openThrowaway } from './store.ts';

const RESUME_MS = 5_000;
/** As much as the fuzzing allows an API; a worker has less. */
const MEMORY_MB = 1_024;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '10' },
    first: { type: 'string', default: '1' },
    each: { type: 'string', default: '5' },
    only: { type: 'string' },
    queue: { type: 'string', default: 'postgres' },
  },
});

const COUNTED = [
  ...[
    'acknowledged',
    'repeated',
    'notifications',
    'lost',
    'storedTwice',
    'torn',
    'misanswered',
    'undelivered',
  ],
  ...['outOfOrder', 'unaudited', 'sentAfterOff', 'silentWithdrawals', 'left', 'rebuildChanged'],
  ...['repeatedWebhooks', 'retries'],
] as const;
/** What must not be at all. */
const WRONG = [
  ...(['lost', 'storedTwice', 'torn', 'misanswered', 'undelivered', 'outOfOrder', 'unaudited'] as const),
  ...(['sentAfterOff', 'silentWithdrawals', 'left', 'rebuildChanged'] as const),
];

function summarise(runs: Run[]) {
  const sum = (read: (run: Run) => number) => runs.reduce((total, run) => total + read(run), 0);
  const faults = runs.flatMap((run) => run.faults);
  const prompt = faults.filter(({ fault }) => !FAULTS[fault]?.patient);
  const names = Object.keys(FAULTS).filter((name) => faults.some(({ fault }) => fault === name));
  return {
    ...{ queue: values.queue, seeds: runs.length, faults: faults.length },
    byFault: Object.fromEntries(
      names.map((name) => [name, faults.filter(({ fault }) => fault === name).length]),
    ),
    ...Object.fromEntries(COUNTED.map((name) => [name, sum((run) => run[name as (typeof WRONG)[number]])])),
    duplicatesByPersonCount: sum((run) => Math.abs(run.duplicatesByPersonCount)),
    crashes: runs.flatMap((run) => run.crashes),
    maxResumeAckMs: Math.max(0, ...faults.map(({ ackMs }) => ackMs)),
    maxResumeDeliveryMs: Math.max(0, ...prompt.map(({ deliveredMs }) => deliveredMs)),
    maxToldMs: Math.max(0, ...faults.map(({ toldMs }) => toldMs)),
    maxMemoryMb: Math.max(0, ...runs.flatMap((run) => run.memoryMb)),
    details: runs.flatMap((run) => run.details),
  };
}

/** What must not be, by name. */
function judge(runs: Run[], summary: ReturnType<typeof summarise>): string[] {
  const wrong: string[] = WRONG.filter((name) => runs.some((run) => run[name] > 0));
  if (summary.duplicatesByPersonCount > 0) wrong.push('duplicatesByPersonCount');
  if (summary.crashes.length > 0) wrong.push('crashes');
  if (summary.maxMemoryMb > MEMORY_MB) wrong.push('memory');
  if (Math.max(summary.maxResumeAckMs, summary.maxResumeDeliveryMs) > RESUME_MS) wrong.push('resumed late');
  return wrong;
}

/** All kinds in turn, in another order every round; the same seed gives the same. */
function choose(names: string[], seed: number, count: number): string[] {
  const first = (seed - 1) * count;
  return Array.from({ length: count }, (_, n) => {
    const place = first + n;
    const random = seeded(Math.floor(place / names.length) + 1);
    const round = names.map((name) => ({ name, at: random() })).sort((a, b) => a.at - b.at);
    return (round[place % names.length] as { name: string }).name;
  });
}

if (values.queue !== 'postgres' && values.queue !== 'redis') throw new Error('--queue is postgres or redis');
const redis = values.queue === 'redis';
if (redis && !redisServer())
  throw new Error('--queue redis needs a redis-server in /usr/bin or /usr/local/bin');
const wanted = values.only?.split(',') ?? Object.keys(FAULTS);
const unknown = wanted.filter((name) => !FAULTS[name]);
if (unknown.length > 0) throw new Error(`no fault is called ${unknown}: ${Object.keys(FAULTS)}`);
const disk = wanted.some((name) => FAULTS[name]?.needs === 'disk') ? await openOnOwnDisk() : null;
const has = { redis, disk: disk !== null };
const names = wanted.filter((name) => {
  const { needs } = FAULTS[name] ?? {};
  return needs === undefined || has[needs];
});
const leftOut = wanted.filter((name) => !names.includes(name));
if (leftOut.length > 0) say(`left out, for want of Redis or a disk of its own: ${leftOut.join(', ')}`);
if (names.length === 0) throw new Error('no fault is left');

const runs: Run[] = [];
const server = disk ?? (await openThrowaway());
try {
  for (let index = 0; index < Number(values.seeds); index++) {
    const seed = Number(values.first) + index;
    const run = await runSeed(server, seed, { redis, faults: choose(names, seed, Number(values.each)) });
    const { acknowledged, lost, undelivered, outOfOrder } = run;
    say(
      `seed ${run.seed}: ${acknowledged} acknowledged, ${lost} lost, ${undelivered} untold, ${outOfOrder} out of order`,
    );
    runs.push(run);
  }
} finally {
  await server.stop();
}
const summary = summarise(runs);
if (values.json) process.stdout.write(`${JSON.stringify({ ...summary, leftOut, runs }, null, 2)}\n`);
else {
  const rows = runs.flatMap(({ seed, faults }) => faults.map((fault) => ({ seed, ...fault })));
  process.stdout.write(`${table(rows)}\n\n${JSON.stringify(summary, null, 2)}\n`);
}
const wrong = judge(runs, summary);
if (wrong.length > 0) {
  say(`failed: ${wrong.join(', ')}`);
  process.exitCode = 1;
}
