/** Senders that never give up on a message: the same ids and bytes again until it is acknowledged, then the next one. */
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { openMllp } from '../load.ts';
import { admission } from '../messages.ts';
import { referral } from '../referral.ts';

/** A referral that was acknowledged: its number, and the message id it was sent under. */
export type Acknowledged = { referral: string; identifier: string; person: number; at: number };

const RETRY_MS = 50;
/** Between a sender's messages: a steady load of about half of what two cores take in, so that no backlog hides a restart. */
const PACE_MS = 40;
const REQUEST_MS = 5_000;

export class Senders {
  readonly acknowledged: Acknowledged[] = [];
  readonly admissions: string[] = [];
  readonly refused: string[] = [];
  retries = 0;
  readonly #url: string;
  #next = 0;
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Every woman is referred twice, by two systems, at about the same time. */
  async runReferrals(systems: string[]): Promise<void> {
    while (!this.#stopped) {
      const n = this.#next++;
      await this.send(n, Math.floor(n / 2), systems[n % systems.length] as string);
      await pause(PACE_MS);
    }
  }

  /** Returns when the message was acknowledged: by 200, or by 409 duplicate where an acknowledgement was lost. */
  async send(n: number, person: number, system: string): Promise<Acknowledged> {
    const { body, headers } = referral(n, { person });
    for (;;) {
      const answer = await post(`${this.#url}/fhir/$process-message`, body, {
        ...headers,
        'x-skein-system': system,
      });
      if (answer.status === 200 || (answer.status === 409 && answer.text.includes('"duplicate"'))) {
        const identifier = `${headers['x-request-id']}|${headers['x-correlation-id']}`;
        const acknowledged = { referral: `REF-${n}`, identifier, person, at: Date.now() };
        this.acknowledged.push(acknowledged);
        return acknowledged;
      }
      if (answer.status >= 400 && answer.status < 500)
        this.refused.push(`${answer.status} ${answer.text.slice(0, 200)}`);
      this.retries += 1;
      await pause(RETRY_MS);
    }
  }

  /** HL7 v2: a lost connection is opened again and the message sent again, until AA. */
  async runAdmissions(port: number): Promise<void> {
    for (let n = 500_000; !this.#stopped; n++) {
      while (!(await admit(port, n))) {
        this.retries += 1;
        await pause(RETRY_MS);
      }
      this.admissions.push(`ADT${n}`);
      await pause(PACE_MS);
    }
  }
}

async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  try {
    const answer = await request(url, {
      method: 'POST',
      body,
      headers,
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } catch (error) {
    // Connection refused, reset or silent: nothing was acknowledged.
    return { status: 0, text: error instanceof Error ? error.name : '' };
  }
}

async function admit(port: number, n: number): Promise<boolean> {
  try {
    const line = await openMllp(port, 1, () => admission(n));
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, REQUEST_MS, false).unref());
    try {
      return await Promise.race([line.send(0), late]);
    } finally {
      await line.close();
    }
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
