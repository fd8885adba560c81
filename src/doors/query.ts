/**
 * The one way to the parameters of a URL: each may come any number of times, and who expects one must say so.
 */
import type { FastifyRequest } from 'fastify';
import { Rejected } from '../errors.ts';

type Query = { pairs: URLSearchParams };

/**
 * What the server reads queries with, so that `request.query` is never an object whose values are texts or
 * lists.
 */
export const parseQuery = (text: string): Query => ({ pairs: new URLSearchParams(text) });

/** Throws Rejected(400) for NUL, as readPairs does. */
export function queryOf(request: Pick<FastifyRequest, 'query'>): URLSearchParams {
  return withoutNul((request.query as Query).pairs);
}

/**
 * The parameters of a form's body. Throws Rejected(400) for NUL, which no FHIR string and no PostgreSQL text
 * holds.
 */
export const readPairs = (text: string): URLSearchParams => withoutNul(new URLSearchParams(text));

function withoutNul(pairs: URLSearchParams): URLSearchParams {
  for (const [name, value] of pairs)
    if (name.includes('\0') || value.includes('\0'))
      throw new Rejected(400, [
        {
          severity: 'error',
          code: 'value',
          field: name.replaceAll('\0', ''),
          text: 'a parameter holds the character U+0000',
        },
      ]);
  return pairs;
}

/**
 * The value of a parameter that has one. Throws Rejected(400) where it is given twice: which of the two
 * counts is not ours to choose.
 */
export function oneOf(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw givenTwice(name);
  return values[0];
}

export function givenTwice(name: string): Rejected {
  return new Rejected(400, [
    { severity: 'error', code: 'invalid', field: name, text: `${name} is given twice` },
  ]);
}
