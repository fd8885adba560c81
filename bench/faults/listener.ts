/** The subscribers: one server that writes down what each of them was told, in the order it came. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Notification = { numbers: number[]; referrals: string[]; id: string };
/** What one subscriber knows. `faults`: numbers out of order or missing, retries with another body. */
export type Told = { last: number; referrals: Map<string, number>; repeats: number; faults: string[] };

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

  /** Whether every subscriber has been told of the referral with this number. */
  hasHeard(referral: string): boolean {
    return [...this.told.values()].every(({ referrals }) => referrals.has(referral));
  }

  #hear(subscriber: string, body: string): void {
    const told: Told = this.told.get(subscriber) ?? { last: 0, referrals: new Map(), repeats: 0, faults: [] };
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
    this.#bodies.set(`${subscriber} ${first}`, id);
    told.last = Math.max(told.last, ...numbers);
    for (const referral of referrals) told.referrals.set(referral, (told.referrals.get(referral) ?? 0) + 1);
  }
}

type Entry = { resource?: { resourceType: string; parameter?: Parameter[]; identifier?: { value?: string }[] } };
type Parameter = { name: string; part?: { name: string; valueString?: string }[] };

/** Event numbers, and the numbers of the referrals that travel along (full-resource payloads). */
function readNotification(body: string): Notification {
  const bundle = JSON.parse(body) as { id: string; entry?: Entry[] };
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const events = (resources[0]?.parameter ?? []).filter(({ name }) => name === 'notification-event');
  const numbers = events.map(({ part }) => Number(part?.find(({ name }) => name === 'event-number')?.valueString));
  const requests = resources.filter(({ resourceType }) => resourceType === 'ServiceRequest');
  return { id: bundle.id, numbers, referrals: requests.flatMap(({ identifier }) => identifier?.[0]?.value ?? []) };
}
