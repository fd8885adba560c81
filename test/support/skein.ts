/** The whole product on one test database, through its real doors. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { Config } from '../../src/config.ts';
import { type Stop, startRoles } from '../../src/run/roles.ts';
import { testContext } from './context.ts';
import type { TestDatabase } from './database.ts';

export type Reply = {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { issue?: { code: string }[] };
};

export async function startSkein(
  database: TestDatabase,
  settings: Record<string, string> = {},
  mappings?: URL,
) {
  const config = Config.parse({
    PORT: '0',
    MLLP_PORT: '0',
    ROLES: 'api,mllp',
    LOG_LEVEL: 'silent',
    ...settings,
  });
  const stops: Stop[] = [];
  const { url, mllpPort } = await startRoles(testContext(database, { config }), stops, mappings);
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Reply> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : { text } };
  };
  return {
    url,
    send,
    get: (path: string, system?: string) => send('GET', path, system ? { 'x-skein-system': system } : {}),
    /** A BaRS message under these ids (new ones by default). */
    bars: (
      bundle: object,
      ids = { request: randomUUID() as string, correlation: randomUUID() as string },
      system?: string,
    ) =>
      send(
        'POST',
        '/fhir/$process-message',
        {
          'content-type': 'application/fhir+json',
          'x-request-id': ids.request,
          'x-correlation-id': ids.correlation,
          ...(system ? { 'x-skein-system': system } : {}),
        },
        JSON.stringify(bundle),
      ),
    transaction: (bundle: object, system?: string) =>
      send(
        'POST',
        '/fhir',
        { 'content-type': 'application/fhir+json', ...(system ? { 'x-skein-system': system } : {}) },
        JSON.stringify(bundle),
      ),
    intake: (system: string, type: string, body: string) =>
      send('POST', `/intake/${system}`, { 'content-type': type }, body),
    mllp: (message: string | Buffer) => sendMllp(mllpPort as number, message),
    stop: async () => {
      for (const stop of stops.splice(0).reverse()) await stop();
    },
  };
}

/** One HL7 v2 message over MLLP; the acknowledgement as text. */
function sendMllp(port: number, message: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(Buffer.concat([Buffer.from('\v'), Buffer.from(message), Buffer.from('\x1c\r')])),
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (!answer.includes('\x1c')) return;
      socket.end();
      resolve(answer.replaceAll('\v', '').replaceAll('\x1c', ''));
    });
    socket.on('error', reject);
  });
}
