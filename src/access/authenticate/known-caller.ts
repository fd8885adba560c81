import type { FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import type { System } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { findSystem, hashToken, SYSTEM_COLUMNS } from '../register/systems.ts';
import { bearerOf } from './bearer.ts';

// By a token that is let in no more, too: one that has expired or was revoked, or of a disabled system.
const OWNER = `select ${SYSTEM_COLUMNS} from system y join service v on v.id = y.service_id
  where y.token_hash = $1 or y.id = (select system_id from access_token where hash = $1)`;

/** Whom a request that was turned away seems to come from, for the record of it; null: nobody we know. */
export async function findCaller({ config, db }: Context, request: FastifyRequest): Promise<System | null> {
  const name = request.headers['x-skein-system'];
  if (config.AUTH === 'none') return name === undefined ? null : findSystem(db, String(name));
  const token = bearerOf(request);
  return token === undefined ? null : findByAnyToken(db, token);
}

async function findByAnyToken(db: Db, token: string): Promise<System | null> {
  const { rows } = await db.query<System>(OWNER, [hashToken(token)]);
  return rows[0] ?? null;
}
