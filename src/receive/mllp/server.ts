import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { findActive } from '../../access/register/systems.ts';
import type { Context } from '../../context.ts';
import { type Limits, limitConnections, type Mark } from '../../doors/connections.ts';
import { isTransient } from '../../errors.ts';
import { type Header, HL7_TYPE, readHeader } from '../../formats/hl7v2.ts';
import type { System } from '../../model.ts';
import { acknowledge, NOT_STORED, refuse, type Verdict, verdictOf } from '../hl7/ack.ts';
import { acknowledgeBatch, splitBatch } from '../hl7/batch.ts';
import { refuseUnregistered } from '../hl7/registered-sender.ts';
import { identifyHl7, senderOf } from '../hl7/sender.ts';
import { SOURCES } from '../http/raw.ts';
import { MAX_BODY_BYTES } from '../http/request.ts';
import type { Intake } from '../intake.ts';
import { placesOf } from '../senders.ts';
import { createFramer, type Frame } from './frame.ts';

/** Engines keep one connection open and quiet for long; an abandoned one is closed after this. */
const IDLE_MS = 5 * 60_000;
/**
 * A frame that has begun must end: 5 MB in this time are 1.4 Mbit/s, which every link that carries feeds has.
 */
const FRAME_MS = 30_000;
/** A hospital's engine opens one per feed, and a large trust has some eighty feeds. */
const LIMITS: Limits = { most: 512, mostOfPeer: 128 };

/** Half-open: a sender that says it is done still gets the answers to what it sent. */
const SOCKET = { allowHalfOpen: true, noDelay: true, keepAlive: true };

const OPERATOR = { kind: 'operator', name: 'mllp' } as const;

export type MllpServer = { host: string; port: number; close: () => Promise<void> };
type Options = { idleMs?: number; frameMs?: number; limits?: Limits };
type Connection = { socket: net.Socket; busy: boolean; done: Promise<void> };
type Link<C extends Context> = {
  ctx: C;
  intake: Intake<C>;
  connection: Connection;
  frameMs: number;
  mark: Mark;
};

/**
 * HL7 v2 over MLLP, with TLS where MLLP_TLS_KEY is set and mutual TLS where MLLP_TLS_CA is. On each
 * connection one message at a time, in order: the next is read when the last was answered, which is the
 * back-pressure. An acknowledgement is sent only after its message was kept. A frame that does not end in
 * time, and an acknowledgement that nobody takes, close their connection. `close` lets messages in hand
 * finish and be answered. Rejects where AUTH asks for authentication and there is no mutual TLS.
 */
export async function startMllp<C extends Context>(
  ctx: C,
  intake: Intake<C>,
  options: Options = {},
): Promise<MllpServer> {
  const { HOST, MLLP_PORT, AUTH } = ctx.config;
  const connections = new Set<Connection>();
  let closing = false;
  let mark: Mark = () => undefined;
  const { idleMs = IDLE_MS, frameMs = FRAME_MS, limits = LIMITS } = options;
  const server = await openServer(ctx, (socket) => {
    const connection: Connection = { socket, busy: false, done: Promise.resolve() };
    connections.add(connection);
    const broken = (error: unknown) => ctx.log.info({ event: 'mllp.broken', err: error });
    socket.on('error', broken);
    connection.done = serve({ ctx, intake, connection, frameMs, mark }, { isClosing: () => closing })
      .catch(broken)
      .finally(() => connections.delete(connection));
    // The timer runs while a message is worked on too: only a connection with nothing in hand is idle.
    socket.setTimeout(idleMs);
    socket.on('timeout', () => connection.busy || socket.destroy());
  });
  mark = limitConnections(server, limits, (reason) => ctx.log.warn({ event: 'mllp.refused', reason }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Whoever sends without a certificate is on this machine.
    server.listen(MLLP_PORT, AUTH === 'none' ? '127.0.0.1' : HOST, () => resolve());
  });
  server.on('error', (error) => ctx.log.error({ event: 'mllp.listener', err: error }));
  const close = async () => {
    closing = true;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const { socket, busy } of connections) if (!busy) socket.destroy();
    await Promise.all([closed, ...[...connections].map(({ done }) => done)]);
  };
  const { address: host, port } = server.address() as net.AddressInfo;
  return { host, port, close };
}

/** Throws where senders must be known and nothing would tell who they are. */
export function requireCertificates({
  AUTH,
  MLLP_TLS_KEY,
  MLLP_TLS_CERT,
  MLLP_TLS_CA,
}: Context['config']): void {
  if (AUTH === 'none' || (MLLP_TLS_KEY && MLLP_TLS_CERT && MLLP_TLS_CA)) return;
  throw new Error(
    `with AUTH=${AUTH}, MLLP senders are known by their certificates: set MLLP_TLS_KEY, MLLP_TLS_CERT and MLLP_TLS_CA, or leave mllp out of ROLES`,
  );
}

async function openServer(
  { config, log }: Context,
  onSocket: (socket: net.Socket) => void,
): Promise<net.Server> {
  requireCertificates(config);
  const { MLLP_TLS_KEY, MLLP_TLS_CERT, MLLP_TLS_CA } = config;
  if (!MLLP_TLS_KEY || !MLLP_TLS_CERT) return net.createServer(SOCKET, onSocket);
  // One after the other: of several that cannot be read the same one is always named.
  const key = await readPem('MLLP_TLS_KEY', MLLP_TLS_KEY);
  const cert = await readPem('MLLP_TLS_CERT', MLLP_TLS_CERT);
  const ca = MLLP_TLS_CA && (await readPem('MLLP_TLS_CA', MLLP_TLS_CA));
  checkPem('MLLP_TLS_KEY', { key });
  checkPem('MLLP_TLS_CERT', { cert });
  checkPem('MLLP_TLS_KEY is not the key of MLLP_TLS_CERT', { key, cert });
  if (ca) checkPem('MLLP_TLS_CA', { ca });
  const mutual = ca ? { ca, requestCert: true, rejectUnauthorized: true } : {};
  const server = tls.createServer(
    { key, cert, ...mutual, minVersion: 'TLSv1.2', handshakeTimeout: 5_000, ...SOCKET },
    onSocket,
  );
  server.on('tlsClientError', (error) => log.warn({ event: 'mllp.refused', reason: 'tls', err: error }));
  return server;
}

/** What OpenSSL says of it names no setting. */
function checkPem(name: string, parts: tls.SecureContextOptions): void {
  try {
    tls.createSecureContext(parts);
  } catch (cause) {
    const text = 'key' in parts && 'cert' in parts ? name : `${name} names a file that is no PEM of one`;
    throw new Error(text, { cause });
  }
}

async function readPem(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Error(`${name} names a file that cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}

/** One connection, to its end. Rejects when it breaks: what was not answered then, its sender sends again. */
async function serve<C extends Context>(
  link: Link<C>,
  { isClosing }: { isClosing: () => boolean },
): Promise<void> {
  const { ctx, connection, frameMs } = link;
  const { socket } = connection;
  const framer = createFramer(MAX_BODY_BYTES);
  let frameTimer: NodeJS.Timeout | undefined;
  const setBusy = (busy: boolean) => {
    connection.busy = busy;
    link.mark(socket, busy ? 'busy' : framer.open ? 'half' : 'quiet');
  };
  try {
    await requireKnown(ctx, socket);
    // Reading stops while the loop's body runs: TCP then slows the sender down.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      const wasOpen = framer.open;
      const frames = framer.push(chunk as Buffer);
      if (frames.length > 0) clearTimeout(frameTimer);
      if (frames.length > 0) setBusy(true);
      for (const frame of frames) {
        for (const ack of await answerFrame(link, frame)) await send(link, ack);
        if (isClosing()) return;
      }
      const begun = framer.open && (!wasOpen || frames.length > 0);
      if (begun)
        frameTimer = setTimeout(() => socket.destroy(new Error('a frame did not end in time')), frameMs);
      if (begun || frames.length > 0) setBusy(false);
      if (isClosing()) return;
    }
  } finally {
    clearTimeout(frameTimer);
    if (framer.skipped > 0 || framer.open) {
      const reason = framer.open ? 'the last frame was cut off' : undefined;
      ctx.log.warn({ event: 'mllp.garbage', bytes: framer.skipped, reason });
    }
    socket.end(() => socket.destroy());
  }
}

async function answerFrame<C extends Context>(link: Link<C>, { kind, body }: Frame): Promise<Buffer[]> {
  if (kind === 'oversize')
    return acknowledge(
      readHeader(body),
      refused('too-long', `larger than ${MAX_BODY_BYTES} bytes: not stored`),
    );
  if (kind === 'cut')
    return acknowledge(readHeader(body), refused('structure', 'cut off before its end: not stored'));
  const batch = splitBatch(body);
  if (!batch) return answerMessage(link, body);
  const acks: Buffer[] = [];
  for (const message of batch.messages) acks.push(...(await answerMessage(link, message)));
  return acks.length > 0 ? [acknowledgeBatch(batch, acks)] : [];
}

async function answerMessage<C extends Context>(
  { ctx, intake, connection }: Link<C>,
  body: Buffer,
): Promise<Buffer[]> {
  const header = readHeader(body);
  try {
    const system = await systemOf(ctx, connection.socket, header);
    const { contentHash, identifier = contentHash } = identifyHl7(body, header);
    const source = system.source ?? SOURCES.hl7v2;
    const origin = { system, channel: 'mllp', contentType: HL7_TYPE, source } as const;
    const message = { ...origin, body, identifier, contentHash };
    const answer =
      refuseUnregistered(ctx, message) ?? (await placesOf(ctx).hold(system.id, () => intake(ctx, message)));
    return acknowledge(header, verdictOf(answer, system.onHeld));
  } catch (error) {
    ctx.log[isTransient(error) ? 'warn' : 'error']({ event: 'mllp.not-stored', err: error });
    return acknowledge(header, NOT_STORED);
  }
}

function refused(code: string, text: string): Verdict {
  return refuse([{ severity: 'error', code, text }]);
}

/**
 * By its certificate, where there is one; else it is who MSH-3 and MSH-4 (or MSH-3 alone) say it is, on
 * loopback.
 */
async function systemOf(ctx: Context, socket: net.Socket, header: Header | null): Promise<System> {
  const name = certificateName(socket);
  const registered = ctx.config.AUTH === 'none' ? null : await findActive(ctx.db, name ?? '');
  if (ctx.config.AUTH !== 'none' && !registered)
    throw new Error('the system of this connection is registered no longer');
  const application = header?.get(3) ?? '';
  const named = [application, header?.get(4)].filter(Boolean).join('|');
  return registered ?? senderOf(ctx, OPERATOR, name ? [name] : [named, application]);
}

/** A certificate of ours that names nobody: no message of it can be kept, and the sender must notice. */
async function requireKnown({ db, config, log }: Context, socket: net.Socket): Promise<void> {
  if (config.AUTH === 'none' || (await findActive(db, certificateName(socket) ?? ''))) return;
  log.warn({ event: 'mllp.refused', reason: 'the certificate names no registered system' });
  socket.destroy();
}

function certificateName(socket: net.Socket): string | undefined {
  if (!(socket instanceof tls.TLSSocket) || !socket.authorized) return undefined;
  return [socket.getPeerCertificate().subject?.CN].flat()[0];
}

/** A sender that takes no acknowledgements would keep its connection, which counts as busy, for ever. */
function send<C extends Context>({ connection: { socket }, frameMs }: Link<C>, ack: Buffer): Promise<void> {
  const block = Buffer.concat([Buffer.from([0x0b]), ack, Buffer.from([0x1c, 0x0d])]);
  const timer = setTimeout(() => socket.destroy(new Error('an acknowledgement was not taken')), frameMs);
  return new Promise<void>((resolve, reject) => {
    socket.write(block, (error) => (error ? reject(error) : resolve()));
  }).finally(() => clearTimeout(timer));
}
