/**
 * `npm run faults -- [--seeds N] [--kills N] [--queue postgres|redis] [--json]`: kill -9 of API, worker and store (and Redis, where
 * the queue is there) while messages come in and notifications go out; then everything acknowledged must be there once, linked and
 * told. The store is an embedded server of the run's own. Exit 1 when something was lost or work resumed late.
 */
import { parseArgs } from 'node:util';
import { redisServer } from './faults/cast.ts';
import { type Run, runSeed } from './faults/run.ts';
import { say, table } from './report.ts';
import { openThrowaway } from './store.ts';

const RESUME_MS = 5_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '10' },
    first: { type: 'string', default: '1' },
    kills: { type: 'string', default: '5' },
    queue: { type: 'string', default: 'postgres' },
  },
});

function summarise(runs: Run[]) {
  const sum = (read: (run: Run) => number) => runs.reduce((total, run) => total + read(run), 0);
  const kills = runs.flatMap((run) => run.kills);
  const victims = [...new Set(kills.map(({ victim }) => victim))];
  return {
    queue: values.queue,
    seeds: runs.length,
    kills: kills.length,
    byTarget: Object.fromEntries(
      victims.map((victim) => [victim, kills.filter((kill) => kill.victim === victim).length]),
    ),
    ...{ acknowledged: sum((run) => run.acknowledged), notifications: sum((run) => run.notifications) },
    ...{ lost: sum((run) => run.lost), storedTwice: sum((run) => run.storedTwice) },
    ...{ undelivered: sum((run) => run.undelivered), outOfOrder: sum((run) => run.outOfOrder) },
    ...{ left: sum((run) => run.left), rebuildChanged: sum((run) => run.rebuildChanged) },
    duplicatesByPersonCount: sum((run) => Math.abs(run.duplicatesByPersonCount)),
    repeatedWebhooks: sum((run) => run.repeatedWebhooks),
    retries: sum((run) => run.retries),
    crashes: runs.flatMap((run) => run.crashes),
    maxResumeAckMs: Math.max(0, ...kills.map(({ ackMs }) => ackMs)),
    maxResumeDeliveryMs: Math.max(0, ...kills.map(({ deliveredMs }) => deliveredMs)),
    maxToldMs: Math.max(0, ...kills.map(({ toldMs }) => toldMs)),
    details: runs.flatMap((run) => run.details),
  };
}

/** What must not be, by name. */
function judge(summary: ReturnType<typeof summarise>): string[] {
  const counted = ['lost', 'storedTwice', 'undelivered', 'outOfOrder', 'left', 'rebuildChanged'] as const;
  const wrong: string[] = counted.filter((name) => summary[name] > 0);
  if (summary.duplicatesByPersonCount > 0) wrong.push('duplicatesByPersonCount');
  if (summary.crashes.length > 0) wrong.push('crashes');
  if (Math.max(summary.maxResumeAckMs, summary.maxResumeDeliveryMs) > RESUME_MS) wrong.push('resumed late');
  return wrong;
}

if (values.queue !== 'postgres' && values.queue !== 'redis') throw new Error('--queue is postgres or redis');
const redis = values.queue === 'redis';
if (redis && !redisServer())
  throw new Error('--queue redis needs a redis-server in /usr/bin or /usr/local/bin');
const runs: Run[] = [];
const server = await openThrowaway();
try {
  for (let index = 0; index < Number(values.seeds); index++) {
    const run = await runSeed(server, Number(values.first) + index, { redis, count: Number(values.kills) });
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
if (values.json) process.stdout.write(`${JSON.stringify({ ...summary, runs }, null, 2)}\n`);
else {
  const rows = runs.flatMap(({ seed, kills }) => kills.map((kill) => ({ seed, ...kill })));
  process.stdout.write(`${table(rows)}\n\n${JSON.stringify(summary, null, 2)}\n`);
}
const wrong = judge(summary);
if (wrong.length > 0) {
  say(`failed: ${wrong.join(', ')}`);
  process.exitCode = 1;
}
