/** What every kind of request is made from. */
import { pickOf, type Random } from './bend.ts';
import type { Example } from './corpus.ts';
import type { Shot } from './shot.ts';

/** `ids`: of a Patient, a Group and a Subscription that there are. */
export type Aim = { random: Random; corpus: Example[]; ids: Record<string, string>; n: number };
export type Kind = (aim: Aim) => Shot;

export const FHIR = 'application/fhir+json';
export const post = (path: string, body: string, type = FHIR, more: Record<string, string> = {}): Shot => {
  return { door: 'http', method: 'POST', path, headers: { 'content-type': type, ...more }, body };
};
export const uuid = (n: number, part: number) =>
  `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${part.toString(16).padStart(12, '0')}`;

export function example({ random, corpus }: Aim, ...extensions: string[]): Example {
  return pickOf(
    random,
    corpus.filter(({ extension }) => extensions.includes(extension)),
  );
}

/** To the sender of such messages, under a key of its own so that none is the repeat of another. */
export function toIntake(aim: Aim, source: string, body: string, type: string): Shot {
  return post(`/intake/${source}`, body, type, { 'idempotency-key': `fuzz-${aim.n}-${aim.random()}` });
}

export const get = (path: string): Shot => ({ door: 'http', method: 'GET', path, headers: {}, body: null });
