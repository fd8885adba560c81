import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../src/app.ts';
import type { Context } from '../../src/context.ts';
import { type Intake, registerIntake } from '../../src/receive/http/http.ts';

/** The whole server, errors and authentication included, with the ways in and an intake of the test's own. */
export function appWith(ctx: Context, intake: Intake): FastifyInstance {
  return buildApp(ctx, [(app) => registerIntake(app, ctx, intake)]);
}
