/** The subscribers: one server that writes down what each of them was told, in the order it came. */
import { hash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Notification = { numbers: number[]; referrals: string[]; focuses: string[] };
/**
 * What one subscriber knows. `numbers`: when each was first heard; `focuses`: of each number, `Type/id`;
 * `faults`: numbers out of order or missing, retries with another body.
 */
export type Told = {
  last: number;
  numbers: Map<number, number>;
  referrals: Set<string>;
  focuses: Map<number, string[]>;
  repeats: number;
  faults: string[];
};
/**
 * How every subscriber answers: `reset` ends the connection once it has read; `silent` says nothing, as a
 * machine that is gone; `trickle` a byte a second. What was so answered counts as heard all the same: it came.
 */
export type Mood = 'well' | 'reset' | 'silent' | 'trickle';

/** Paths of subscribers that answer no notification well once they have answered their handshake. */
const UNWELL_MOODS: Record<string, Mood> = { '/slow': 'silent', '/dead': 'reset' };
export const UNWELL = Object.keys(UNWELL_MOODS);

export class Listener {
  readonly told = new Map<string, Told>();
  /** performance.now() of the latest notification. */
  lastAt = 0;
  mood: Mood = 'well';
  readonly #bodies = new Map<string, string>();
  #server: Server | null = null;

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      // Whoever sends may be killed at any byte: what did not come whole was not heard.
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = request.url ?? '';
        const unwell = this.#hear(path, Buffer.concat(chunks)) ? UNWELL_MOODS[path] : undefined;
        this.#answer(unwell ?? this.mood, response);
      });
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** Whoever waits for an answer loses the connection. */
  hangUp(): void {
    this.#server?.closeAllConnections();
  }

  /** Whether the first `subscribers` have each been told of the referral with this number. */
  hasHeard(referral: string, subscribers: number): boolean {
    return Array.from({ length: subscribers }, (_, n) => this.told.get(`/${n}`)).every((told) =>
      told?.referrals.has(referral),
    );
  }

  #answer(mood: Mood, response: ServerResponse): void {
    if (mood === 'well') response.end();
    else if (mood === 'reset') response.socket?.resetAndDestroy();
    else if (mood === 'trickle') {
      response.writeHead(200, { 'content-length': 60 });
      const timer = setInterval(() => response.write('.'), 1_000);
      response.once('close', () => clearInterval(timer));
    }
  }

  /** Whether it tells of an event. */
  #hear(subscriber: string, body: Buffer): boolean {
    const { numbers, referrals, focuses } = readNotification(body.toString());
    if (numbers.length === 0) return false;
    const told = this.told.get(subscriber) ?? nothing();
    this.told.set(subscriber, told);
    if (!UNWELL.includes(subscriber)) this.lastAt = performance.now();
    const first = numbers[0] as number;
    const content = hash('sha256', body, 'hex');
    const known = this.#bodies.get(`${subscriber} ${first}`);
    if (first <= told.last) {
      told.repeats += 1;
      if (known !== content) told.faults.push(`${first} came again as another notification`);
    } else if (first !== told.last + 1) told.faults.push(`${first} came after ${told.last}`);
    if (numbers.some((number, place) => number !== first + place))
      told.faults.push(`a bundle holds ${numbers.join()}`);
    this.#bodies.set(`${subscriber} ${first}`, content);
    told.last = Math.max(told.last, ...numbers);
    const at = Date.now();
    for (const [place, number] of numbers.entries())
      if (!told.numbers.has(number)) {
        told.numbers.set(number, at);
        told.focuses.set(number, focuses[place] ? [focuses[place]] : []);
      }
    for (const referral of referrals) told.referrals.add(referral);
    return true;
  }
}

const nothing = (): Told => ({
  ...{ last: 0, numbers: new Map(), referrals: new Set(), focuses: new Map() },
  ...{ repeats: 0, faults: [] },
});

type Entry = {
  resource?: { resourceType: string; parameter?: Parameter[]; identifier?: { value?: string }[] };
};
type Part = { name: string; valueString?: string; valueReference?: { reference?: string } };
type Parameter = { name: string; part?: Part[] };

/** Event numbers with their focuses, and the numbers of the referrals that travel along (full-resource payloads). */
function readNotification(body: string): Notification {
  const bundle = JSON.parse(body) as { entry?: Entry[] };
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const events = (resources[0]?.parameter ?? []).filter(({ name }) => name === 'notification-event');
  const parts = (name: string) => events.map(({ part }) => part?.find((one) => one.name === name));
  const requests = resources.filter(({ resourceType }) => resourceType === 'ServiceRequest');
  return {
    numbers: parts('event-number').map((part) => Number(part?.valueString)),
    focuses: parts('focus').map(
      (part) => part?.valueReference?.reference?.split('/').slice(-2).join('/') ?? '',
    ),
    referrals: requests.flatMap(({ identifier }) => identifier?.[0]?.value ?? []),
  };
}
