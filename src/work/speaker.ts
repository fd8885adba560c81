/** Who says something for somebody's safety, or of what they agreed to. */
import type { FastifyRequest } from 'fastify';
import type { Human, Recipient } from '../model.ts';

export type Speaker = { service: string; system: number; by: string; human?: Human | undefined };

/** The recipient of a request that was found to be a system's. */
export function speakerOf({ recipient }: FastifyRequest): Speaker {
  const { system, human } = recipient as Extract<Recipient, { kind: 'system' }>;
  return { service: system.service.id, system: system.id, by: system.name, human };
}

export const humanOf = ({ recipient }: FastifyRequest): Human | undefined =>
  recipient.kind === 'system' ? recipient.human : undefined;
