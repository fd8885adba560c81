/** Senders that never give up on a message: the same ids and bytes again until it is acknowledged, then the next one. */
import { hash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { admission } from '../messages.ts';
import { referral } from '../referral.ts';
import { frame, sendFrames } from './frames.ts';

/** A referral that was acknowledged: its number, the message id it was sent under, and its SHA-256. */
export type Acknowledged = {
  referral: string;
  identifier: string;
  person: number;
  at: number;
  digest: string;
};
type Answer = { status: number; text: string };

const RETRY_MS = 50;
/** Between a sender's messages: a steady load of about half of what two cores take in, so that no backlog hides a restart. */
const PACE_MS = 40;
const REQUEST_MS = 5_000;
/** Of what was acknowledged this much is sent once more as it was, and this much with something else in it. */
const AGAIN = 0.3;
const ALTERED = 0.05;

export class Senders {
  readonly acknowledged: Acknowledged[] = [];
  /** SHA-256 of each admission that was acknowledged, by its id. */
  readonly admissions = new Map<string, string>();
  readonly refused: string[] = [];
  /** Of what was sent again under an id that had been acknowledged: answers that are not as they must be. */
  readonly misanswered: string[] = [];
  retries = 0;
  repeated = 0;
  readonly #url: string;
  readonly #random: () => number;
  #next = 0;
  #stopped = false;

  constructor(url: string, random: () => number) {
    this.#url = url;
    this.#random = random;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Every woman is referred twice, by two systems, at about the same time. */
  async runReferrals(systems: string[]): Promise<void> {
    while (!this.#stopped) {
      const n = this.#next++;
      const [person, system] = [Math.floor(n / 2), systems[n % systems.length] as string];
      await this.send(n, person, system);
      if (this.#random() < AGAIN) await this.#sendAgain(n, person, system);
      await pause(PACE_MS);
    }
  }

  /** Returns when the message was acknowledged: by 200, or by 409 duplicate where an acknowledgement was lost. */
  async send(n: number, person: number, system: string): Promise<Acknowledged> {
    const { body, headers } = referral(n, { person });
    for (;;) {
      const answer = await this.#post(body, { ...headers, 'x-skein-system': system });
      if (answer.status === 200 || isDuplicate(answer)) {
        const identifier = `${headers['x-request-id']}|${headers['x-correlation-id']}`;
        const digest = hash('sha256', body, 'hex');
        const acknowledged = { referral: `REF-${n}`, identifier, person, at: Date.now(), digest };
        this.acknowledged.push(acknowledged);
        return acknowledged;
      }
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429)
        this.refused.push(`${answer.status} ${answer.text.slice(0, 200)}`);
      this.retries += 1;
      await pause(RETRY_MS);
    }
  }

  /** A referral that was acknowledged is a duplicate; under its ids, nothing else is taken. */
  async #sendAgain(n: number, person: number, system: string): Promise<void> {
    const { body, headers } = referral(n, { person });
    const altered = this.#random() < ALTERED / AGAIN;
    const text = altered ? body.replace('Low mood', 'High mood') : body;
    const answer = await this.#until(
      (one) => one.status >= 400 && one.status < 500 && one.status !== 429,
      () => this.#post(text, { ...headers, 'x-skein-system': system }),
    );
    this.repeated += 1;
    if (answer && isDuplicate(answer) === altered)
      this.misanswered.push(
        `REF-${n}${altered ? ', altered' : ''}: ${answer.status} ${answer.text.slice(0, 200)}`,
      );
  }

  /** HL7 v2: a lost connection is opened again and the message sent again, until AA. */
  async runAdmissions(port: number): Promise<void> {
    for (let n = 500_000; !this.#stopped; n++) {
      const text = admission(n);
      while ((await this.#admit(port, [text]))[0] !== 'A') {
        this.retries += 1;
        await pause(RETRY_MS);
      }
      this.#keepAdmission(n, text);
      if (this.#random() < AGAIN) await this.#admitAgain(port, n);
      await pause(PACE_MS);
    }
  }

  async #admitAgain(port: number, n: number): Promise<void> {
    const altered = this.#random() < ALTERED / AGAIN;
    const text = altered ? admission(n).replace('Synthetic Street', 'Other Street') : admission(n);
    const [code] =
      (await this.#until(
        ([one]) => one !== undefined,
        () => this.#admit(port, [text]),
      )) ?? [];
    this.repeated += 1;
    if (code && (code === 'A') === altered)
      this.misanswered.push(`ADT${n}${altered ? ', altered' : ''}: ${code}`);
  }

  /** Admissions as one stream of bytes, cut where it is told; each is sent again alone where no answer came. */
  async admitAll(port: number, numbers: number[], bytes: number): Promise<void> {
    const texts = numbers.map((n) => admission(n));
    const codes = await this.#admit(port, texts, bytes);
    for (const [place, n] of numbers.entries()) {
      const text = texts[place] as string;
      for (let code = codes[place]; code !== 'A'; [code] = await this.#admit(port, [text]))
        await pause(RETRY_MS);
      this.#keepAdmission(n, text);
    }
  }

  /** What no mapping can make anything of; refused, or kept as held, and nothing else is touched by it. */
  async poison(port: number, n: number): Promise<void> {
    const { body, headers } = referral(n);
    const resend = headers['x-request-id'] as string;
    const of = (text: string) => this.#post(text, { ...headers, 'x-request-id': resend });
    const answers = [
      await this.#until(isRefused, () => of(body.replace('"MessageHeader"', '"Basic"'))),
      await this.#until(isRefused, () => of(body.slice(0, -100))),
    ];
    if (answers.some((answer) => answer === null)) return;
    const deep = `MSH|^~\\&|BENCHPAS|RXC|SKEIN|SKEIN|20260101||ADT^A01|POISON${n}|P|2.4\rPID|1||${'~'.repeat(50_000)}\r`;
    const code = await this.#until(
      ([one]) => one !== undefined,
      () => this.#admit(port, [deep]),
    );
    if (code?.[0] === 'A') this.misanswered.push(`a message without a patient: ${code[0]}`);
  }

  /** The bytes of a message without its end, and the connection is lost: nothing of it may be kept. */
  async admitHalf(port: number, n: number): Promise<string> {
    const text = frame(admission(n)).slice(0, -2);
    await sendFrames(port, text, { answers: 0, bytes: 64, within: REQUEST_MS });
    return `ADT${n}`;
  }

  #keepAdmission(n: number, text: string): void {
    this.admissions.set(`ADT${n}`, hash('sha256', text, 'hex'));
  }

  #admit(port: number, texts: string[], bytes = Number.POSITIVE_INFINITY): Promise<string[]> {
    return sendFrames(port, texts.map(frame).join(''), { answers: texts.length, bytes, within: REQUEST_MS });
  }

  /** Null where the run ends before there is such an answer. */
  async #until<Got>(is: (got: Got) => boolean, send: () => Promise<Got>): Promise<Got | null> {
    for (;;) {
      const got = await send();
      if (is(got)) return got;
      if (this.#stopped) return null;
      await pause(RETRY_MS);
    }
  }

  async #post(body: string, headers: Record<string, string>): Promise<Answer> {
    try {
      const signal = AbortSignal.timeout(REQUEST_MS);
      const url = `${this.#url}/fhir/$process-message`;
      const answer = await request(url, { method: 'POST', body, headers, signal });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      // Connection refused, reset or silent: nothing was acknowledged.
      return { status: 0, text: error instanceof Error ? error.name : '' };
    }
  }
}

const isDuplicate = ({ status, text }: Answer) => status === 409 && text.includes('"duplicate"');
const isRefused = ({ status }: Answer) => status >= 400 && status < 500 && status !== 429;
