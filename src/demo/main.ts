/** `npm run demo`: one family through the real interfaces, told as it happens. `--once` (or DEMO_EXIT=1) ends
 * with the story. */
import '../../bin/check-node.js';
import type { Stop } from '../run/roles.ts';
import { tellEnding } from './ending.ts';
import { say, seconds } from './say.ts';
import { startSkein } from './start.ts';
import { tellStory } from './story.ts';

const BUDGET_SECONDS = 60;
const STOP_MS = 10_000;

async function main(leaving: Promise<boolean>): Promise<void> {
  const stops: Stop[] = [];
  let leaves: string[] = [];
  try {
    say.title('Skein: one family, one thread through every service');
    const skein = await startSkein(process.env, stops);
    leaves = skein.leaves;
    const told = tellStory(skein, stops).then(tellEnding);
    if (await Promise.race([told.then(() => true), leaving])) {
      say.title(`Told in ${seconds()}, of the ${BUDGET_SECONDS} s that it may take.`);
      if (process.argv.includes('--once') || process.env.DEMO_EXIT === '1') return;
      say.line('Skein keeps serving. Ctrl-C stops it. From another terminal, in its store:');
      say.command(`${skein.reach} npx skein clock`);
      await leaving;
    }
  } finally {
    setTimeout(() => process.exit(1), STOP_MS).unref();
    say.line('stopping …');
    for (const stop of stops.splice(0).reverse()) await stop();
    if (leaves.length > 0) {
      say.line(
        'All that it leaves are the database and log of invented people, which the next demo makes afresh:',
      );
      say.command(`rm -rf ${leaves.map((path) => `'${path}'`).join(' ')}`);
    }
  }
}

const leaving = Promise.withResolvers<boolean>();
// Ctrl-C reaches this process from the terminal and again from npm: the second signal changes nothing.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => leaving.resolve(false));
main(leaving.promise).then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`skein demo: ${error.message.replaceAll('\n', ' ')}\n`);
    process.exit(1);
  },
);
