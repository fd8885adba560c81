/**
 * `npm run fuzz -- [--minutes N] [--seed S] [--case N] [--json]`: real processes are sent what is nearly right, in every format and
 * through every door. No answer may be a 5xx (but 503 with Retry-After) or tell of what is inside, nothing may end, and memory stays
 * within what bench/fuzz/run.ts says. A failure is told with its seed and case; both given sends that one again. Exit 1 on any.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz/run.ts';
import { table } from './report.ts';
import { findPostgres } from './store.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
  },
});
const plan = { seed: Number(values.seed), seconds: Number(values.minutes) * 60 };
const server = await findPostgres();
try {
  const report = await fuzz(
    server,
    values.case === undefined ? plan : { ...plan, only: Number(values.case) },
  );
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const { memory, kinds, failures, broken, ...rest } = report;
    const processes = Object.entries(memory).map(([name, one]) => ({ process: name, ...one }));
    process.stdout.write(
      `${JSON.stringify({ ...rest, kinds, failures, broken }, null, 2)}\n\n${table(processes)}\n`,
    );
  }
  if (report.failures.length + report.broken.length > 0) process.exitCode = 1;
} finally {
  await server.stop();
}
