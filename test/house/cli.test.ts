import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { runCommand } from '../support/command-line.ts';
import { testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';
import { nhsNumber } from '../support/records.ts';

let url: string;

beforeAll(async () => {
  url = (await testDatabase()).url;
});

const skein = (...args: string[]) => runCommand(args, { DATABASE_URL: url });

const MATERNITY = ['--name', 'maternity-epr', '--ods', 'RXX', '--team', 'maternity', '--sector', 'maternity'];

test('a registered system is printed with its token once, and listed without it', async () => {
  const added = await skein('system', 'add', ...MATERNITY, '--source', 'hl7v2-adt', '--held', 'AA', '--json');
  expect(added.code).toBe(0);
  const { token, name, onHeld } = JSON.parse(added.output);
  expect([name, onHeld]).toEqual(['maternity-epr', 'AA']);
  expect(token).toMatch(/^[\w-]{43}$/);
  const listed = await skein('system', 'list');
  expect(listed).toEqual({
    code: 0,
    output: 'maternity-epr: RXX maternity, sector maternity, source hl7v2-adt, held AA\n',
  });
});

test('a system may send by several mappings of HL7 v2, and of nothing else', async () => {
  const add = (source: string, name = 'pas') =>
    skein('system', 'add', '--name', name, '--ods', 'RXX', '--team', 'pas', '--source', source, '--json');
  expect(JSON.parse((await add('hl7v2-adt, hl7v2-siu')).output).source).toBe('hl7v2-adt,hl7v2-siu');
  expect(JSON.parse((await add('mhsds', 'mental-health')).output).source).toBe('mhsds');
  for (const source of ['mhsds,msds', 'hl7v2-adt,fhir-r4', 'fhir-r4,third-sector-form', 'hl7v2-adt,hl7v2'])
    expect((await add(source)).code).toBe(2);
});

test('a system whose numbers were traced is registered as one; of any other it is said that they do not count', async () => {
  const add = (name: string, ...more: string[]) =>
    skein('system', 'add', '--name', name, '--ods', 'RXY', '--team', name, ...more);
  expect((await add('tracing', '--numbers', 'traced')).output).toContain('count as verified');
  expect((await add('untraced')).output).toContain('count as not verified');
  expect((await add('wrong', '--numbers', 'untraced')).code).toBe(2);
});

test('a system is bound to what it writes in MSH-3 and MSH-4, and those that are not are named', async () => {
  const feed = ['--ods', 'RXM', '--team', 'feed', '--source', 'hl7v2-adt'];
  const add = ['system', 'add', '--name', 'bound', ...feed];
  expect((await skein(...add, '--msh', 'pas|rxx, EPR|*', '--msh', 'LAB|RXX')).code).toBe(0);
  const listed = async () =>
    (await skein('system', 'list')).output.split('\n').find((line) => /^bound:/.test(line));
  expect(await listed()).toContain(', msh PAS|RXX EPR|* LAB|RXX');
  const examined = async () => {
    const program = runProgram(['bin/skein.js', 'doctor'], { DATABASE_URL: url, AUTH: 'token' });
    await program.exit();
    return program.output();
  };
  expect(await examined()).not.toMatch(/^senders: .*bound/m);
  expect((await skein('system', 'set', '--name', 'bound', '--msh', 'any')).code).toBe(0);
  expect(await listed()).not.toContain('msh');
  expect(await examined()).toMatch(/^senders: .*MSH-3 and MSH-4.*bound.*skein system set --name NAME --msh/m);
  for (const wrong of ['PAS', '|RXX', 'PAS|', '*|RXX', 'PAS|RXX|X', 'any,PAS|RXX', ''])
    expect(await skein('system', 'set', '--name', 'bound', '--msh', wrong), wrong).toEqual({
      code: 2,
      output: expect.stringContaining('--msh'),
    });
});

test('what is refused ends with 1 and says why', async () => {
  const police = await skein(
    'system',
    'add',
    '--name',
    'p',
    '--ods',
    'RXX',
    '--team',
    'p',
    '--sector',
    'police',
  );
  expect(police).toEqual({ code: 1, output: 'skein: police is never registered\n' });
});

test('wrong use ends with 2, help with 0', async () => {
  expect((await skein('system', 'add')).code).toBe(2);
  const dialect = await skein('system', 'add', ...MATERNITY, '--source', 'hl7v2-adt', '--dialect', 'unheard');
  expect([dialect.code, dialect.output]).toEqual([
    2,
    expect.stringContaining('none of its mappings has "unheard"'),
  ]);
  expect((await skein('replay')).code).toBe(2);
  expect(await skein('--help')).toMatchObject({ code: 0, output: expect.stringContaining('Examples:') });
  expect((await skein()).output).toContain('Usage: skein');
});

const COMMANDS = [
  ...['serve', 'listen', 'validate', 'system add', 'system set', 'system list', 'messages', 'replay'],
  ...['system rotate', 'system disable', 'auth doctor', 'audit verify', 'audit who'],
  ...['system team add', 'system team list', 'system team remove'],
  ...['person explain', 'person export', 'person dispute', 'worklist', 'link', 'unlink', 'incident'],
  ...['rebuild', 'number show', 'number freeze', 'number lift', 'doctor', 'reload', 'backup', 'restore'],
  ...['map check', 'match evaluate', 'match tune', 'prompt list', 'prompt on', 'subscription test'],
  ...['subscription contact', 'status', 'deliveries', 'deliveries retry', 'deliveries replay'],
  ...['policy show', 'why'],
  ...['secrets rotate', 'prune', 'person erase', 'ledger write', 'ledger apply'],
  ...['hold place', 'hold list', 'hold lift', 'glass list', 'glass review'],
];

test('every command is in the help, and has a help of its own with examples of itself', async () => {
  const { output } = await skein('--help');
  for (const name of COMMANDS) {
    expect(output, name).toMatch(new RegExp(`^  ${/^(map|match) /.exec(name)?.[1] ?? name} +\\S`, 'm'));
    const help = await skein(...name.split(' '), '--help');
    expect(help, name).toEqual({
      code: 0,
      output: expect.stringMatching(new RegExp(`^Usage: skein ${name}`)),
    });
    expect(help.output.split('Examples:')[1], name).toContain(name);
  }
  expect(await skein('help', 'replay')).toEqual(await skein('replay', '--help'));
  expect((await skein('system', '--help')).output).toMatch(/system add.*\n.*system set.*\n.*system list/);
});

test('it says which Skein it is', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  expect(await skein('--version')).toEqual({ code: 0, output: `skein ${version}\n` });
});

test.each([
  ['frobnicate', 'there is no command "frobnicate": it is one of system, service, messages, '],
  ['lsiten', 'there is no command "lsiten"; did you mean "listen"?\nTry skein --help.'],
  ['sytem lsit', 'did you mean "system list"?'],
  ['system', 'system is followed by one of add, set, list, rotate, disable, team'],
  ['system unregister', 'system is followed by one of add, set, list, rotate, disable, team'],
  ['system team', 'system team is followed by one of add, list, remove'],
  ['system team show', 'there is no command "system team show"; did you mean "system team add"?'],
  ['system team add --ward X --service y', 'SYSTEM is missing\nTry skein system team add --help.'],
  ['map tset', 'did you mean "map test"?'],
  ['audit verfy', 'did you mean "audit verify"?'],
  ['audit who', 'ID is missing'],
  ['match score', 'match is followed by one of evaluate, tune'],
  ['replay --hold', 'there is no option --hold here; did you mean "--held"?\nTry skein replay --help.'],
  ['doctor --quiet', 'there is no option --quiet here: it is one of --json, --help'],
  ['number show', 'NUMBER is missing\nTry skein number show --help.'],
  ['number freeze 9990000018 --cause marriage --by Me', 'needs --cause identity-change'],
  ['number freeze 9990000018 --cause identity-change', 'needs --by NAME'],
  ['system list all', '"all" is not understood here'],
  ['map check --folder', 'there is no option --folder here'],
])('skein %s is used wrongly, and told what would be right', async (line, said) => {
  expect(await skein(...line.split(' '))).toEqual({ code: 2, output: expect.stringContaining(said) });
});

const ID = '5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f';
const WHO = '--by Reviewer --reason seen';
test.each([
  ['number show 9990000019', 'NUMBER is no valid NHS number'],
  ['number freeze 9990000019 --cause identity-change --by Reviewer', 'NUMBER is no valid NHS number'],
  ['number lift nobody --by Reviewer', 'NUMBER is no valid NHS number'],
  [`link ${ID} 9990000018 ${WHO}`, 'the second ID is no id'],
  [`link nobody ${ID} ${WHO}`, 'the first ID is no id'],
  [`unlink --chart nobody ${WHO}`, '--chart is no id'],
  [`unlink --one ${ID} --other nobody ${WHO}`, '--other is no id'],
  [`unlink --parent nobody --child ${ID} ${WHO}`, '--parent is no id'],
  [`unlink ${WHO}`, 'unlink needs --chart, or --one and --other'],
  [`unlink --one ${ID} ${WHO}`, 'unlink needs --chart, or --one and --other'],
  [`unlink --chart ${ID} --parent ${ID} ${WHO}`, 'unlink needs --chart, or --one and --other'],
  [`trace undo nobody ${WHO}`, 'CHART is no id'],
  ['restore mistyped.backup', 'FILE mistyped.backup is not there'],
  ['person explain nobody', 'ID is no id'],
  [`person export ${ID}`, 'needs --out FOLDER, and --draft or --release DRAFT'],
  [`person export ${ID} --release draft --out copy`, '--release needs --by NAME, or --user FILE'],
  [`person dispute Group/${ID} --by Me`, 'TYPE is one of Patient, EpisodeOfCare, Encounter'],
  [`person dispute Patient/${ID}`, 'needs --by NAME'],
  ['incident nobody', 'MESSAGE is no id'],
  ['audit who nobody', 'ID is no id'],
  [`audit who ${ID} --since yesterday`, '--since is a date'],
  ['audit verify --known two', '--known is N:HASH'],
  ['messages --id nobody', '--id is no id'],
  ['waits --period 2026-Q5', 'quarter'],
  ['service set one --duty-phone none --duty-hours 24/7 --confirmed 2026-01-31', 'duty-phone'],
  ['system add --name one --ods RXX --team one --sector unheard', 'unknown sector'],
])('skein %s is refused for what it says, before anything is asked', async (line, said) => {
  const asks = (
    await skein(
      ...line
        .split(' ')
        .filter((word) => /^[a-z]/.test(word))
        .slice(0, 2),
      '--help',
    )
  ).output;
  for (const sure of [[], ...(asks.includes('--yes') ? [['--yes']] : [])]) {
    const { code, output } = await skein(...line.split(' '), ...sure);
    expect([code, output]).toEqual([2, expect.stringContaining(said)]);
    expect(output).not.toMatch(/999000001|nobody is here to be asked/);
  }
});

test.each([
  [`link ${ID} ${ID.replace('5b', '6b')} ${WHO}`, `nobody is known as "${ID}"`],
  [`unlink --chart ${ID} ${WHO}`, `nobody is known as "${ID}"`],
  [`trace undo ${ID} ${WHO}`, 'no number was traced'],
  [`number lift ${nhsNumber(7)} --by Reviewer`, 'there is nothing to lift'],
])('skein %s is refused for what the store says, before anything is asked', async (line, said) => {
  for (const sure of [[], ['--yes']])
    expect(await skein(...line.split(' '), ...sure)).toEqual({
      code: 1,
      output: expect.stringContaining(said),
    });
});

test('what cannot be taken back needs a yes where nobody is there to be asked', async () => {
  const freeze = `number freeze ${nhsNumber(1)} --cause identity-change --by Reviewer`;
  for (const line of [freeze, 'rebuild --events']) {
    expect(await skein(...line.split(' '))).toEqual({ code: 2, output: expect.stringContaining('--yes') });
  }
  expect((await skein('rebuild', '--events', '--yes')).code).toBe(0);
});

test('an empty list says that it is empty', async () => {
  const { url: empty } = await testDatabase();
  const ask = async (...args: string[]) => {
    const program = runProgram(['bin/skein.js', ...args], { DATABASE_URL: empty });
    return [await program.exit(), program.output()];
  };
  expect(await ask('system', 'list')).toEqual([0, 'no system is registered\n']);
  expect(await ask('system', 'list', '--json')).toEqual([0, '[]\n']);
  expect(await ask('messages', '--held')).toEqual([0, 'nothing is held\n']);
});

test('replay and rebuild of an empty store do nothing, and say so as JSON', async () => {
  expect(JSON.parse((await skein('replay', '--held', '--json')).output)).toEqual({
    tried: 0,
    accepted: 0,
    failed: 0,
  });
  expect(JSON.parse((await skein('rebuild', '--json')).output)).toMatchObject({ families: 0, changed: 0 });
});

test('whether numbers are traced is told, and nothing is asked or taken back by mistake', async () => {
  const shown = JSON.parse((await skein('trace', 'status', '--json')).output);
  expect(shown).toMatchObject({ on: false, breaker: { state: 'closed', failures: 0 }, outcomes: {} });
  expect(await skein('trace', 'run')).toEqual({
    code: 1,
    output: 'skein: tracing is off: PDS_URL is not set\n',
  });
  expect(await skein('trace', 'run', '--limit', 'all')).toMatchObject({ code: 2 });
  expect(await skein('trace', 'undo', 'nobody', '--yes')).toMatchObject({ code: 2 });
});

test('of a number it is told who claims it, and a number that nobody doubts is not lifted', async () => {
  const add = ['system', 'add', '--name', 'gp-1', '--ods', 'RXG', '--team', 'gp', '--sector', 'gp'];
  expect((await skein(...add, '--data-quality', 'nobody')).code).toBe(2);
  expect((await skein(...add, '--data-quality', 'quality@gp.example')).code).toBe(0);
  const shown = JSON.parse((await skein('number', 'show', nhsNumber(1), '--json')).output);
  expect(shown).toEqual({ state: 'unknown', claims: [], traced: [], doubts: [], lifts: [] });
  const lifted = await skein('number', 'lift', nhsNumber(1), '--by', 'A. Reviewer', '--yes');
  expect(lifted).toEqual({ code: 1, output: 'skein: the number is unknown: there is nothing to lift\n' });
  expect((await skein('number', 'lift', nhsNumber(1))).code).toBe(2);
});

test('the workbench needs no database', async () => {
  const program = runProgram(['bin/skein.js', 'map', '--help'], {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
  });
  expect(await program.exit()).toBe(0);
});

test('a doctor says in a line each what is wrong, what mends it, and whether anything is', async () => {
  const well = await skein('doctor');
  expect([well.code, well.output]).toEqual([
    0,
    expect.stringMatching(
      /^store: well\n(database: .*\n)+connection: well\nqueue: well\nmappings: well\npolicy: well\n/,
    ),
  ]);
  const adrift = await testDatabase();
  await adrift.pool.query(
    "with s as (insert into service (id, name, ods, team) values (gen_random_uuid(), 'x', 'RXX', 'x') returning id) insert into system (name, service_id, source) select 'form', id, 'hf-csv' from s",
  );
  const { host, pathname } = new URL(adrift.url);
  const program = runProgram(['bin/skein.js', 'doctor'], { DATABASE_URL: adrift.url });
  expect(await program.exit()).toBe(1);
  expect(program.output()).toContain(`looked at: the store of DATABASE_URL, ${host}${pathname}, with`);
  expect(program.output()).toContain(
    'mappings: mapping hf-csv is not loaded, and a registered system sends by it\n',
  );
  expect(program.output()).not.toContain('no system is registered');
  const empty = await testDatabase();
  const stray = runProgram(['bin/skein.js', 'doctor'], { DATABASE_URL: empty.url });
  expect(await stray.exit()).toBe(0);
  expect(stray.output()).toContain(
    'looked at: no system is registered in it: is it the store that Skein runs on?',
  );
});

test('a reload checks first and says what follows', async () => {
  expect(await skein('reload')).toEqual({
    code: 0,
    output: 'checked: every process reads mappings and policy again within two seconds\n',
  });
});
