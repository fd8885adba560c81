import type { FastifyRequest } from 'fastify';

/** The token of a request's header, as RFC 6750 writes it. */
export const bearerOf = ({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
