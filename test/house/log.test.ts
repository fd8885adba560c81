import { expect, test } from 'vitest';
import { openLog } from '../../src/observe/log.ts';
import { testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';

const NAME = 'Canary-Featherstonehaugh';
const NUMBER = '9990000018';

function collect(): { lines: () => string; log: ReturnType<typeof openLog> } {
  let text = '';
  const log = openLog('debug', { write: (line: string) => (text += line) });
  return { log, lines: () => text };
}

async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

test('what a message says about people never reaches the log, whichever way it is handed over', async () => {
  const { log, lines } = collect();
  const { pool } = await testDatabase();
  const body = { resourceType: 'Patient', name: [{ family: NAME }], identifier: [{ value: NUMBER }] };
  const insert = pool.query('insert into service (id, name, ods, team) values (null, $1, $2, $2)', [
    NAME,
    NUMBER,
  ]);
  const violation = await failureOf(insert);
  const unreadable = await failureOf(() => JSON.parse(`{"family": ${NAME}}`));
  const wrapped = new Error(`cannot map ${NAME}`, { cause: violation });

  for (const error of [violation, unreadable, wrapped]) {
    log.error(error);
    log.error({ err: error });
    log.error({ event: 'bug', err: error });
  }
  log.info({ event: 'message', body, resource: body, text: NAME, units: [body] });
  log.info({ event: 'http', req: { body, headers: { 'x-name': NAME } }, res: body });
  log.info(body);
  log.child({ reqId: '1' }).warn({ event: 'x', patient: NUMBER });

  expect(lines()).toContain('"code":"23502"');
  expect(lines()).not.toContain(NAME);
  expect(lines()).not.toContain(NUMBER);
});

test('a line keeps ids, counts and durations, and names what was left out', () => {
  const { log, lines } = collect();
  log.info({ event: 'message', messageId: '7', ms: 12, status: 'accepted', family: NAME });
  expect(JSON.parse(lines())).toMatchObject({
    event: 'message',
    messageId: '7',
    ms: 12,
    dropped: ['family'],
  });
});

test('an error is logged as its class, code and place', () => {
  const { log, lines } = collect();
  log.error({ event: 'bug', err: Object.assign(new TypeError(NAME), { code: 'E_ODD' }) });
  const { err } = JSON.parse(lines());
  expect(err).toMatchObject({ type: 'TypeError', code: 'E_ODD' });
  expect(err.at).toMatch(/^house\/log\.test\.ts:\d+$/);
});

test.each([
  ['it leaves', "log.info('last'); process.exit(0)", 0],
  ['it leaves with a line still on its way', "log.info('one'); log.info('last'); process.exit(0)", 0],
  ['it crashes', "log.fatal('crash'); process.exit(1)", 1],
])(
  'a log that nobody reads any more holds nobody up: %s',
  async (_, last, code) => {
    const program = runProgram([
      '--input-type=module',
      '--eval',
      `import { openLog } from './src/observe/log.ts';
     const log = openLog('info');
     setInterval(() => undefined, 1_000);
     process.once('SIGTERM', () => { ${last} });
     log.info('here');`,
    ]);
    await program.says(/here/);
    program.child.stdout?.destroy();
    program.child.kill('SIGTERM');
    expect(await program.exit()).toBe(code);
  },
  5_000,
);

test('lines that are written as the process leaves all come out, in their order', async () => {
  const program = runProgram([
    '--input-type=module',
    '--eval',
    `import { openLog } from './src/observe/log.ts';
     const log = openLog('info');
     for (let n = 0; n < 5_000; n += 1) log.info({ first: n });
     process.exit(0);`,
  ]);
  expect(await program.exit()).toBe(0);
  const numbers = [...program.output().matchAll(/"first":(\d+)/g)].map(([, n]) => Number(n));
  expect(numbers).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
});
