/**
 * Who is connected to a server, and who goes when too many are. Nobody keeps others out by holding what it
 * does not use: where there is no room, the one that has been half-open for longest goes, then the one that
 * has been quiet for longest; whoever has work in hand stays. A newcomer is refused only where all whom it
 * could replace are at work.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6, type Server, type Socket } from 'node:net';

/** `most` in all, `mostOfPeer` from one address. */
export type Limits = { most: number; mostOfPeer: number };

/**
 * `half`: nothing whole has come yet, or what began has not ended. `quiet`: all that came is answered.
 * `busy`: work is in hand.
 */
type State = 'half' | 'quiet' | 'busy';
type Guest = { socket: Socket; name: string; peer: string; state: State; since: number };

/** Says what state a connection is in now. */
export type Mark = (socket: Socket, state: State) => void;

/**
 * Watches a server from now on. `onGone` hears why each connection was closed or refused for want of room.
 */
export function limitConnections(server: Server, limits: Limits, onGone: (reason: string) => void): Mark {
  const guests = new Map<string, Guest>();
  server.on('connection', (socket: Socket) => {
    const guest = guestOf(socket);
    const crowd = crowdFor(guest, [...guests.values()], limits);
    const leaver = crowd ? chooseLeaver(crowd) : undefined;
    if (leaver) guests.delete(leaver.name);
    if (crowd) onGone(leaver ? `${leaver.state} for longest` : 'too many connections');
    if (crowd) (leaver?.socket ?? socket).destroy();
    if (crowd && !leaver) return;
    guests.set(guest.name, guest);
    socket.once('close', () => guests.get(guest.name) === guest && guests.delete(guest.name));
  });
  return (socket, state) => {
    // By name: under TLS what is spoken to is another socket than the one that was accepted.
    const guest = guests.get(nameOf(socket));
    if (guest) Object.assign(guest, { state, since: performance.now() });
  };
}

/** The same of an HTTP server, whose requests say what state each connection is in. */
export function limitHttp(server: HttpServer, limits: Limits, onGone: (reason: string) => void): void {
  const mark = limitConnections(server, limits, onGone);
  const inHand = new WeakMap<Socket, number>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const count = (more: 1 | -1) => {
      const now = (inHand.get(socket) ?? 0) + more;
      inHand.set(socket, now);
      mark(socket, now > 0 ? 'busy' : 'quiet');
    };
    const begin = () => {
      count(1);
      response.once('close', () => count(-1));
    };
    // Until its body has come, a request is no more than half a one.
    if (hasBody(request)) request.once('end', begin);
    else begin();
    if (!inHand.get(socket)) mark(socket, 'half');
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

function guestOf(socket: Socket): Guest {
  const peer = peerOf(socket.remoteAddress ?? '');
  return { socket, name: nameOf(socket), peer, state: 'half', since: performance.now() };
}

/** Whoever has one IPv6 address has 2^64 of them: https://www.rfc-editor.org/rfc/rfc6177 */
export function peerOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address.replace(/^::ffff:/, '');
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const [before, after] = [head, tail].map((part) => part.split(':').filter(Boolean)) as [string[], string[]];
  const zeros = address.includes('::') ? Array(8 - before.length - after.length).fill('0') : [];
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

/**
 * Of whom one must go so that a newcomer has room: its own peer's where none has more, else the largest's;
 * null: there is room.
 */
function crowdFor({ peer }: Guest, guests: Guest[], { most, mostOfPeer }: Limits): Guest[] | null {
  if (guests.length < Math.min(most, mostOfPeer)) return null;
  const peers = Map.groupBy(guests, (guest) => guest.peer);
  const own = peers.get(peer) ?? [];
  if (own.length >= mostOfPeer) return own;
  if (guests.length < most) return null;
  return [...peers.values()].reduce(
    (largest, crowd) => (crowd.length > largest.length ? crowd : largest),
    own,
  );
}

function chooseLeaver(guests: Guest[]): Guest | undefined {
  const idle = guests.filter(({ state }) => state !== 'busy').sort((a, b) => a.since - b.since);
  return idle.find(({ state }) => state === 'half') ?? idle[0];
}
