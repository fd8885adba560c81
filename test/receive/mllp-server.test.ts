import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setDisabled } from '../../src/access/register/clients.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import { Config } from '../../src/config.ts';
import type { Context } from '../../src/context.ts';
import { Unavailable } from '../../src/errors.ts';
import { openLog } from '../../src/observe/log.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import type { Intake } from '../../src/receive/intake.ts';
import { createFramer } from '../../src/receive/mllp/frame.ts';
import { type MllpServer, startMllp } from '../../src/receive/mllp/server.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { answering } from './answering.ts';
import { issueCertificate } from './certificate.ts';

const message = (id: string | number, more = '') =>
  `MSH|^~\\&|PAS|RXX|SKEIN|HUB|20260110093000||ADT^A28^ADT_A05|${id}|P|2.5${more}\rPID|1||77^^^RXX^PI||Marsh^Ana`;
const block = (text: string) => `\u000b${text}\u001c\r`;

let database: TestDatabase;
let ctx: Context;
const opened: { close: () => Promise<unknown> }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  ctx = testContext(database);
});

afterEach(async () => {
  for (const { close } of opened.splice(0).reverse()) await close();
});

async function start(
  intake: Intake,
  given: Partial<Context['config']> = {},
  idleMs?: number,
): Promise<MllpServer> {
  const server = await startMllp({ ...ctx, config: { ...ctx.config, ...given } }, intake, { idleMs });
  opened.push(server);
  return server;
}

/** A client that reads whole acknowledgements. */
function clientOf(socket: net.Socket) {
  const framer = createFramer(1_000_000);
  const acks: string[] = [];
  const news = new EventEmitter();
  socket.on('data', (chunk) => {
    acks.push(...framer.push(chunk).map(({ body }) => body.toString()));
    news.emit('ack');
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
  const lost = closed.then(() => Promise.reject(new Error('closed before the answer')));
  lost.catch(() => undefined);
  opened.push({ close: async () => socket.destroy() });
  return {
    ...{ socket, acks, closed },
    send: (text: string | Buffer) => void socket.write(text),
    /** MSA-1 and MSA-2 of the first `count` acknowledgements, once they have come. */
    async answers(count: number): Promise<string[]> {
      while (acks.length < count && !socket.closed) await Promise.race([once(news, 'ack'), lost]);
      return acks.slice(0, count).map((ack) => /\rMSA\|(\w+\|\w*)/.exec(ack)?.[1] as string);
    },
  };
}

async function connect({ port }: MllpServer) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return clientOf(socket);
}

describe('an MLLP connection', () => {
  test('answers each message after it was kept, in order', async () => {
    const { intake, taken } = answering();
    const client = await connect(await start(intake));
    client.send(block(message(1)) + block(message(2)));
    expect(await client.answers(2)).toEqual(['AA|1', 'AA|2']);
    const [first] = taken;
    expect([first?.channel, first?.contentType, first?.source, first?.identifier]).toEqual([
      ...['mllp', 'x-application/hl7-v2+er7', 'hl7v2-adt,hl7v2-ref,hl7v2-siu', '1'],
    ]);
    expect(first?.body.toString()).toBe(message(1));
    expect([first?.system.name, first?.system.service.sector]).toEqual(['PAS|RXX', null]);
  });

  test('takes a thousand messages in one write, and one message byte by byte', async () => {
    const { intake } = answering();
    const client = await connect(await start(intake));
    client.send(Array.from({ length: 1_000 }, (_, index) => block(message(index))).join(''));
    expect(await client.answers(1_000)).toEqual(Array.from({ length: 1_000 }, (_, index) => `AA|${index}`));
    client.socket.setNoDelay(true);
    for (const byte of Buffer.from(block(message('crumbs')))) client.send(Buffer.from([byte]));
    expect((await client.answers(1_001)).at(-1)).toBe('AA|crumbs');
  });

  test('works on one message at a time, and reads no further meanwhile', async () => {
    const waiting: (() => void)[] = [];
    const { intake, taken } = answering();
    const server = await start(async (context, given) => {
      const answer = intake(context, given);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return answer;
    });
    const client = await connect(server);
    const flood = Buffer.from(block(message('big', '|'.repeat(1_000_000))));
    for (let index = 0; index < 12; index++) client.send(flood);
    await expect.poll(() => taken.length).toBe(1);
    expect(client.socket.writableLength).toBeGreaterThan(1_000_000);
    for (let done = 0; done < 12; done++) {
      await expect.poll(() => waiting.length).toBe(done + 1);
      waiting[done]?.();
    }
    expect(await client.answers(12)).toEqual(Array(12).fill('AA|big'));
  });

  test('that breaks in the middle of a message loses nothing but that message', async () => {
    const { intake, taken } = answering();
    const server = await start(intake);
    const broken = await connect(server);
    broken.send(block(message(1)) + block(message(2)).slice(0, 60));
    expect(await broken.answers(1)).toEqual(['AA|1']);
    broken.socket.resetAndDestroy();
    const client = await connect(server);
    client.send(block(message(2)));
    expect(await client.answers(1)).toEqual(['AA|2']);
    expect(taken.map(({ identifier }) => identifier)).toEqual(['1', '2']);
  });

  test('still answers a sender that has closed its half', async () => {
    const client = await connect(await start(answering().intake));
    client.socket.end(block(message(1)) + block(message(2)));
    expect(await client.answers(2)).toEqual(['AA|1', 'AA|2']);
    await client.closed;
  });

  test('refuses a message over 5 MB, a cut one and garbage, and takes their neighbours', async () => {
    const { intake, taken } = answering();
    const client = await connect(await start(intake));
    const large = block(message('large', '|'.repeat(6_000_000)));
    client.send(
      `noise${large}\u000b${message('cut')}${block(message('whole'))}more noise${block(message('last'))}`,
    );
    expect(await client.answers(4)).toEqual(['AR|large', 'AR|cut', 'AA|whole', 'AA|last']);
    expect(client.acks[0]).toContain('larger than 5242880 bytes: not stored');
    expect(taken.map(({ identifier }) => identifier)).toEqual(['whole', 'last']);
  });

  test('says when a message could not be kept, and goes on', async () => {
    const kept = answering();
    const server = await start(async (context, given) => {
      if (given.identifier === 'bad') throw new TypeError('a bug, with Marsh^Ana in it');
      if (given.identifier === 'busy') throw new Unavailable('the store is away');
      return kept.intake(context, given);
    });
    const client = await connect(server);
    client.send(['busy', 'bad', 'good'].map((id) => block(message(id))).join(''));
    expect(await client.answers(3)).toEqual(['AE|busy', 'AE|bad', 'AA|good']);
    expect(client.acks[0]).toContain('not stored: send it again');
    expect(client.acks.join()).not.toContain('Marsh');
  });

  test('gives both acknowledgements of enhanced mode, and none where none is wanted', async () => {
    const client = await connect(await start(answering().intake));
    client.send(block(message(1, '|||AL|AL')) + block(message(2, '|||NE|NE')) + block(message(3)));
    expect(await client.answers(3)).toEqual(['CA|1', 'AA|1', 'AA|3']);
  });

  test('uses the mapping and the held code its system was registered with', async () => {
    await addSystem(database.pool, database.key, {
      ...{ name: 'MAT|RXA', ods: 'RXA', team: 'maternity', sector: 'maternity', kind: null, onHeld: 'AA' },
      source: 'custom-adt',
    });
    const { intake, taken } = answering({ status: 'held' });
    const client = await connect(await start(intake));
    client.send(block(message(1).replace('PAS|RXX', 'MAT^x|RXA^y')) + block(message(2)));
    expect(await client.answers(2)).toEqual(['AA|1', 'AE|2']);
    expect(taken.map(({ source, system }) => [source, system.service.ods])).toEqual([
      ['custom-adt', 'RXA'],
      ['hl7v2-adt,hl7v2-ref,hl7v2-siu', 'UNKNOWN'],
    ]);
  });

  test('is closed when nothing comes for long, but not while a message is worked on', async () => {
    const { intake, taken } = answering();
    const gate = Promise.withResolvers<void>();
    const server = await start(
      async (context, given) => {
        const answer = intake(context, given);
        await gate.promise;
        return answer;
      },
      {},
      500,
    );
    const busy = await connect(server);
    busy.send(block(message(1)));
    await expect.poll(() => taken.length).toBe(1);
    const idle = await connect(server);
    await idle.closed;
    expect(busy.socket.closed).toBe(false);
    gate.resolve();
    expect(await busy.answers(1)).toEqual(['AA|1']);
    await busy.closed;
  });
});

describe('closing the MLLP server', () => {
  test('lets the message in hand finish and be answered, and takes no other', async () => {
    const gate = Promise.withResolvers<void>();
    const { intake, taken } = answering();
    const server = await start(async (context, given) => {
      const answer = intake(context, given);
      await gate.promise;
      return answer;
    });
    const [busy, idle] = [await connect(server), await connect(server)];
    busy.send(block(message(1)) + block(message(2)));
    await expect.poll(() => taken.length).toBe(1);
    const closed = server.close();
    await idle.closed;
    gate.resolve();
    expect(await busy.answers(1)).toEqual(['AA|1']);
    await Promise.all([closed, busy.closed]);
    expect([taken.length, busy.acks.length]).toEqual([1, 1]);
  });
});

describe('MLLP over TLS', () => {
  const ca = issueCertificate('Test CA');
  const files = { MLLP_TLS_KEY: '', MLLP_TLS_CERT: '', MLLP_TLS_CA: '' };

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skein-tls-'));
    const { key, cert } = issueCertificate('server', ca);
    for (const [name, text] of Object.entries({
      MLLP_TLS_KEY: key,
      MLLP_TLS_CERT: cert,
      MLLP_TLS_CA: ca.cert,
    })) {
      files[name as keyof typeof files] = join(directory, name);
      await writeFile(join(directory, name), text);
    }
    await addSystem(database.pool, database.key, {
      ...{ name: 'pas-by-tls', ods: 'RXB', team: 'maternity', sector: 'maternity', kind: null, source: null },
    });
    return () => rm(directory, { recursive: true });
  });

  function connectTls({ port }: MllpServer, name?: string) {
    const own = name ? issueCertificate(name, ca) : undefined;
    const options = { ca: ca.cert, servername: 'localhost', key: own?.key, cert: own?.cert };
    return clientOf(tls.connect(port, '127.0.0.1', options));
  }

  test('encrypts; without an authority anybody may connect', async () => {
    const { intake, taken } = answering();
    const client = connectTls(await start(intake, { ...files, MLLP_TLS_CA: undefined }));
    client.send(block(message(1)));
    expect(await client.answers(1)).toEqual(['AA|1']);
    expect(taken[0]?.system.name).toBe('PAS|RXX');
  });

  test.each(['token', 'smart'] as const)(
    'with AUTH=%s knows a sender by its certificate, whatever MSH says',
    async (AUTH) => {
      const { intake, taken } = answering();
      const client = connectTls(await start(intake, { ...files, AUTH, HOST: '127.0.0.1' }), 'pas-by-tls');
      client.send(block(message(1)));
      expect(await client.answers(1)).toEqual(['AA|1']);
      expect(taken[0]?.system.name).toBe('pas-by-tls');
    },
  );

  test('closes on a sender without a certificate, and on one whose certificate names nobody', async () => {
    const { intake, taken } = answering();
    const server = await start(intake, { ...files, AUTH: 'token', HOST: '127.0.0.1' });
    for (const name of [undefined, 'nobody-known']) {
      const client = connectTls(server, name);
      client.send(block(message(1)));
      await client.closed;
      expect(client.acks).toEqual([]);
    }
    expect(taken).toEqual([]);
  });

  test('takes nothing more, on an open connection either, of a system that is disabled', async () => {
    const { intake, taken } = answering();
    const server = await start(intake, { ...files, AUTH: 'smart', HOST: '127.0.0.1' });
    const client = connectTls(server, 'pas-by-tls');
    client.send(block(message(1)));
    expect(await client.answers(1)).toEqual(['AA|1']);
    await setDisabled(ctx.db, 'pas-by-tls', true);
    client.send(block(message(2)));
    expect(await client.answers(2)).toEqual(['AA|1', expect.stringMatching(/^AE/)]);
    const again = connectTls(server, 'pas-by-tls');
    await again.closed;
    expect(again.acks).toEqual([]);
    expect(taken).toHaveLength(1);
    await setDisabled(ctx.db, 'pas-by-tls', false);
  });

  describe('of a system that is registered with what it writes in MSH-3 and MSH-4', () => {
    const from = (application: string, facility: string, more = '') =>
      message('m', more).replace('PAS|RXX', `${application}|${facility}`);

    beforeAll(async () => {
      await addSystem(database.pool, database.key, {
        ...{ name: 'bound', ods: 'RXC', team: 'maternity', sector: 'maternity', kind: null, source: null },
        msh: ['PAS|RXX', '2.16.840.1|*'],
      });
    });

    async function send(text: string, AUTH: 'token' | 'none' = 'token', name = 'bound') {
      let logged = '';
      const log = openLog('info', { write: (line: string) => (logged += line) });
      const { intake, taken } = answering();
      const server = await startMllp({ ...ctx, log, config: { ...ctx.config, ...files, AUTH } }, intake);
      opened.push(server);
      const client = connectTls(server, name);
      client.send(block(text));
      const codes = await client.answers(1);
      return { codes, ack: client.acks.join(''), taken, logged };
    }

    test.each([
      ['PAS', 'RXX'],
      [' pas ', 'rxx'],
      ['Patient administration^PAS^L', 'x^RXX'],
      ['EPR^2.16.840.1^ISO', 'anywhere'],
      ['2.16.840.1', ''],
    ])('a message is taken of %s at %s', async (application, facility) => {
      const { codes, taken } = await send(from(application, facility));
      expect([codes, taken.length]).toEqual([['AA|m'], 1]);
    });

    test.each([
      ['MSH-3', 'EPR', 'RXX'],
      ['MSH-3', '', 'RXX'],
      ['MSH-3', 'PAS&X', 'RXX'],
      ['MSH-4', 'PAS', 'RYY'],
      ['MSH-4', 'PAS', ''],
    ])(
      'a message is refused by %s of "%s" at "%s", and is kept nowhere',
      async (field, application, facility) => {
        const counted = async () =>
          Number(
            /skein_unregistered_senders_total\{system="bound",.*?\} (\d+)/.exec(
              (await readMetrics(ctx.db))
                .split('\n')
                .filter((line) => line.includes(`"${field}"`))
                .join('\n'),
            )?.[1] ?? 0,
          );
        const before = await counted();
        const { codes, ack, taken, logged } = await send(from(application, facility));
        expect([codes, taken]).toEqual([['AR|m'], []]);
        expect(ack).toMatch(new RegExp(`\\rMSA\\|AR\\|m\\|[^\\r]*${field}`));
        expect(ack).toMatch(new RegExp(`\\rERR\\|\\|MSH\\^1\\^${field.slice(-1)}\\|`));
        expect(ack).toContain('skein system set --name bound --msh');
        expect(await counted()).toBe(before + 1);
        const lines = logged.split('\n').filter((line) => line.includes('"sender.refused"'));
        expect(lines.map((line) => JSON.parse(line))).toMatchObject([
          { system: 'bound', channel: 'mllp', reason: `${field} is not registered` },
        ]);
        expect(logged).not.toMatch(/Marsh|EPR|RYY/);
      },
    );

    test('a refusal is CR where an accept acknowledgement is asked for', async () => {
      expect((await send(from('EPR', 'RXX', '|||AL|NE'))).codes).toEqual(['CR|m']);
    });

    test('each message of a batch is taken or refused by itself', async () => {
      const batch = `BHS|^~\\&|PAS|RXX\r${from('EPR', 'RXX')}\r${from('PAS', 'RXX')}\rBTS|2`;
      const { ack, taken } = await send(batch);
      expect([...ack.matchAll(/\rMSA\|(\w+)/g)].map(([, code]) => code)).toEqual(['AR', 'AA']);
      expect(taken).toHaveLength(1);
    });

    test('a body without a header that can be read is refused like any other sender', async () => {
      const { ack, taken } = await send('PID|1||77^^^RXX^PI||Marsh^Ana');
      expect([ack, taken]).toEqual([expect.stringMatching(/\rMSA\|AR\|/), []]);
    });

    test('others, and whoever sends without authentication, write what they like', async () => {
      expect((await send(from('EPR', 'RYY'), 'token', 'pas-by-tls')).codes).toEqual(['AA|m']);
      expect((await send(from('EPR', 'RYY'), 'none')).codes).toEqual(['AA|m']);
    });
  });

  test.each([
    ['none', {}],
    ['none', { tls: true, ca: false }],
    ['none', { tls: true, ca: true }],
  ] as const)(
    'without authentication it listens on loopback alone, whatever HOST says: AUTH=%s %j',
    async (AUTH, given) => {
      const { tls: secure = false, ca: mutual = false } = given as { tls?: boolean; ca?: boolean };
      const set = { ...(secure ? files : {}), ...(mutual ? {} : { MLLP_TLS_CA: undefined }) };
      expect((await start(answering().intake, { ...set, AUTH, HOST: '0.0.0.0' })).host).toBe('127.0.0.1');
    },
  );

  test.each(['token', 'smart'] as const)(
    'with AUTH=%s it listens where HOST says, with certificates alone',
    async (AUTH) => {
      const { intake } = answering();
      expect((await start(intake, { ...files, AUTH, HOST: '0.0.0.0' })).host).toBe('0.0.0.0');
      for (const lacking of [{}, { ...files, MLLP_TLS_CA: undefined }])
        await expect(start(intake, { ...lacking, AUTH, HOST: '0.0.0.0' })).rejects.toThrow(
          'set MLLP_TLS_KEY',
        );
    },
  );

  test('says which of its files cannot be read', async () => {
    const config = { ...ctx.config, MLLP_TLS_KEY: '/nowhere', MLLP_TLS_CERT: '/nowhere' };
    await expect(startMllp({ ...ctx, config }, answering().intake)).rejects.toThrow(/MLLP_TLS_KEY.*ENOENT/);
  });

  test.each(['token', 'smart'] as const)('is required with AUTH=%s', async (AUTH) => {
    const config = Config.parse({ AUTH, MLLP_PORT: '0' });
    await expect(startMllp({ ...ctx, config }, answering().intake)).rejects.toThrow('set MLLP_TLS_KEY');
  });
});
