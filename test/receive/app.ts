import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../src/app.ts';
import type { Context } from '../../src/context.ts';
import { registerIntake } from '../../src/receive/http/http.ts';
import type { Intake } from '../../src/receive/intake.ts';

/** The whole server, errors and authentication included, with the ways in and an intake of the test's own. */
export function appWith(ctx: Context, intake: Intake): FastifyInstance {
  return buildApp(ctx, [(app) => registerIntake(app, ctx, intake)]);
}
