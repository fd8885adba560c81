/**
 * Writes synthetic family records to standard output, as CSV:
 *
 *   node test/families/main.ts --records 100000 --seed 1 > families.csv
 *
 * Options: --split train|dev|sealed, --twins SHARE, --errors MULTIPLE, --mothers-number SHARE,
 * --stress twins|errors|mothersNumber, and --truth for further columns after the standard ones.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { generate, type Options, type Split, STRESS } from './generate.ts';
import { csvHeader, csvLine } from './record.ts';

const SPLITS: readonly string[] = ['train', 'dev', 'sealed'] satisfies Split[];
const isStress = (name: string): name is keyof typeof STRESS => name in STRESS;

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new Error(`--${name} takes a number of 0 or more, not ${text}`);
  return value;
}

function readOptions(args: string[]): Options & { truth: boolean } {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      ...{ records: text, seed: text, split: text, stress: text, twins: text, errors: text },
      ...{ 'mothers-number': text, truth: { type: 'boolean' } as const },
    },
  });
  const { records = '1000', seed = '1', split = 'dev', stress = '' } = values;
  if (!SPLITS.includes(split)) throw new Error(`--split is one of ${SPLITS.join(', ')}`);
  if (stress && !isStress(stress)) throw new Error(`--stress is one of ${Object.keys(STRESS).join(', ')}`);
  return {
    records: numberOf('records', records),
    seed: numberOf('seed', seed),
    split: split as Split,
    truth: values.truth ?? false,
    ...(isStress(stress) ? STRESS[stress] : {}),
    ...(values.twins ? { twins: numberOf('twins', values.twins) } : {}),
    ...(values.errors ? { errors: numberOf('errors', values.errors) } : {}),
    ...(values['mothers-number']
      ? { mothersNumber: numberOf('mothers-number', values['mothers-number']) }
      : {}),
  };
}

const LINES = 2_000;

async function main(): Promise<void> {
  const { truth, ...options } = readOptions(process.argv.slice(2));
  let lines = [csvHeader(truth)];
  const flush = async () => {
    const taken = process.stdout.write(`${lines.join('\n')}\n`);
    lines = [];
    if (!taken) await once(process.stdout, 'drain');
  };
  for (const labelled of generate(options)) {
    lines.push(csvLine(labelled, truth));
    if (lines.length >= LINES) await flush();
  }
  if (lines.length > 0) await flush();
}

process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  // The reader has seen enough: families.csv | head
  if (cause.code !== 'EPIPE') throw cause;
  process.exit(0);
});
await main();
