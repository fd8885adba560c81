/**
 * `npm run faults -- [--seeds N] [--kills N] [--json]`: kill -9 of API, worker and store (and Redis, every other seed, where there is a
 * redis-server) while messages come in and notifications go out; then everything acknowledged must be there once, linked and told.
 * The store is an embedded server of the run's own. Exit 1 when something was lost or work resumed late.
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
  },
});

function summarise(runs: Run[]) {
  const sum = (read: (run: Run) => number) => runs.reduce((total, run) => total + read(run), 0);
  const kills = runs.flatMap((run) => run.kills);
  const victims = [...new Set(kills.map(({ victim }) => victim))];
  return {
    kills: kills.length,
    killed: Object.fromEntries(
      victims.map((victim) => [victim, kills.filter((kill) => kill.victim === victim).length]),
    ),
    acknowledged: sum((run) => run.acknowledged),
    lost: sum((run) => run.lost),
    storedTwice: sum((run) => run.storedTwice),
    duplicatesByPersonCount: sum((run) => run.duplicatesByPersonCount),
    misordered: sum((run) => run.misordered),
    repeatedWebhooks: sum((run) => run.repeatedWebhooks),
    retries: sum((run) => run.retries),
    crashes: runs.flatMap((run) => run.crashes),
    maxAckMs: Math.max(0, ...kills.map(({ ackMs }) => ackMs)),
    maxDeliveredMs: Math.max(0, ...kills.map(({ deliveredMs }) => deliveredMs)),
    maxResumeMs: Math.max(0, ...kills.map(({ ackMs, deliveredMs }) => Math.max(ackMs, deliveredMs))),
    maxToldMs: Math.max(0, ...kills.map(({ toldMs }) => toldMs)),
    details: runs.flatMap((run) => run.details),
  };
}

const runs: Run[] = [];
const server = await openThrowaway();
try {
  for (let index = 0; index < Number(values.seeds); index++) {
    const redis = index % 2 === 1 && redisServer() !== undefined;
    const run = await runSeed(server, Number(values.first) + index, { redis, count: Number(values.kills) });
    say(`seed ${run.seed}: ${run.acknowledged} acknowledged, ${run.lost} lost, ${run.misordered} misordered`);
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
const wrong = summary.lost + summary.storedTwice + summary.misordered + Math.abs(summary.duplicatesByPersonCount);
if (wrong > 0 || summary.maxResumeMs > RESUME_MS || summary.crashes.length > 0) process.exitCode = 1;
