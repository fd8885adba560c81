/** The subscribers: one server that writes down what each of them was told, in the order it came. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Notification = { numbers: number[]; referrals: string[]; id: string };
/** What one subscriber knows. `faults`: numbers out of order or missing, retries with another body. */
export type Told = {
  last: number;
  numbers: Set<number>;
  referrals: Set<string>;
  repeats: number;
  faults: string[];
};

export class Listener {
  readonly told = new Map<string, Told>();
  /** performance.now() of the latest notification. */
  lastAt = 0;
  readonly #bodies = new Map<string, string>();
  #server: Server | null = null;

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.#hear(request.url ?? '', Buffer.concat(chunks).toString());
        response.end();
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

  /** Whether the first `subscribers` have each been told of the referral with this number. */
  hasHeard(referral: string, subscribers: number): boolean {
    return Array.from({ length: subscribers }, (_, n) => this.told.get(`/${n}`)).every((told) =>
      told?.referrals.has(referral),
    );
  }

  #hear(subscriber: string, body: string): void {
    const told = this.told.get(subscriber) ?? nothing();
    this.told.set(subscriber, told);
    const { numbers, referrals, id } = readNotification(body);
    if (numbers.length === 0) return;
    this.lastAt = performance.now();
    const first = numbers[0] as number;
    const known = this.#bodies.get(`${subscriber} ${first}`);
    if (first <= told.last) {
      told.repeats += 1;
      if (known !== id) told.faults.push(`${first} came again as another notification`);
    } else if (first !== told.last + 1) told.faults.push(`${first} came after ${told.last}`);
    if (numbers.some((number, place) => number !== first + place))
      told.faults.push(`a bundle holds ${numbers.join()}`);
    this.#bodies.set(`${subscriber} ${first}`, id);
    told.last = Math.max(told.last, ...numbers);
    for (const number of numbers) told.numbers.add(number);
    for (const referral of referrals) told.referrals.add(referral);
  }
}

const nothing = (): Told => ({ last: 0, numbers: new Set(), referrals: new Set(), repeats: 0, faults: [] });

type Entry = {
  resource?: { resourceType: string; parameter?: Parameter[]; identifier?: { value?: string }[] };
};
type Parameter = { name: string; part?: { name: string; valueString?: string }[] };

/** Event numbers, and the numbers of the referrals that travel along (full-resource payloads). */
function readNotification(body: string): Notification {
  const bundle = JSON.parse(body) as { id: string; entry?: Entry[] };
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const events = (resources[0]?.parameter ?? []).filter(({ name }) => name === 'notification-event');
  const numbers = events.map(({ part }) =>
    Number(part?.find(({ name }) => name === 'event-number')?.valueString),
  );
  const requests = resources.filter(({ resourceType }) => resourceType === 'ServiceRequest');
  return {
    id: bundle.id,
    numbers,
    referrals: requests.flatMap(({ identifier }) => identifier?.[0]?.value ?? []),
  };
}
