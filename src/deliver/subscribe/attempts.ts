/** `$rotate-secret` and `$attempts`: what a subscriber does about its own webhook, and sees of it. */
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import type { FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { placeOf } from '../../store/secrets.ts';
import { fhirBase } from '../number/notification.ts';
import { newSecret } from '../send/sign.ts';
import { numberOf, parametersOf } from './parameters.ts';
import type { Stored } from './stored.ts';

/** The former secret signs, too, for so long. */
const BOTH_HOURS = 24;
const ROTATE = `update subscription set former_secret = secret, secret = $2,
  former_until = now() + interval '${BOTH_HOURS} hours' where id = $1 and deleted_at is null`;

/**
 * Gives the new secret, this once. What is sent from now on is signed with both for a day; a secret before
 * the former one signs no more.
 */
export async function rotateSecret(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  request: FastifyRequest,
  { id }: Stored,
): Promise<string> {
  parametersOf(request, []);
  const secret = newSecret();
  await db.query(ROTATE, [id, vault.seal(secret, placeOf(id))]);
  return secret;
}

const COUNT = 50;
const MOST_COUNT = 500;
const ATTEMPTS = `select at, kind, first_number::float8 as first, last_number::float8 as last, outcome, status,
  settled_at as "settledAt" from attempt where subscription_id = $1 order by id desc limit $2`;
// The last that failed is looked for among so many: an older one says nothing about today.
const STATE = `select s.attempts as failures,
  case when s.attempts > 0 then greatest(s.due_at, s.next_attempt_at) end as "nextTry",
  (select outcome from (select outcome from attempt where subscription_id = $1 order by id desc limit 1000) a
    where outcome not in ('ok', 'aborted', 'not-sent') limit 1) as "lastError"
  from subscription s where s.id = $1`;

type State = { failures: number; nextTry: Date | null; lastError: string | null };
type Attempt = {
  at: Date;
  kind: string;
  first: number | null;
  last: number | null;
  outcome: string | null;
  status: number | null;
  settledAt: Date | null;
};

/**
 * How the webhook does: failures in a row, the last error, the next try, and the last attempts, newest first
 * (`_count`: 50, at most 500). Codes, numbers and times alone, and nothing of what has no number yet: access
 * is asked when an event is numbered.
 */
export async function attemptsOf(
  { db, config }: Context,
  request: FastifyRequest,
  stored: Stored,
): Promise<Parameters> {
  const asked = numberOf(parametersOf(request, ['_count']), '_count') ?? COUNT;
  const { rows } = await db.query<Attempt>(ATTEMPTS, [stored.id, Math.min(asked, MOST_COUNT)]);
  const { rows: states } = await db.query<State>(STATE, [stored.id]);
  const { failures, nextTry, lastError } = states[0] as State;
  const { status, lastNumber, deliveredNumber } = stored;
  const reference = `${fhirBase(config)}/Subscription/${stored.id}`;
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'subscription', valueReference: { reference } },
      { name: 'status', valueCode: status },
      { name: 'failures-in-a-row', valueInteger: failures },
      ...(lastError ? [{ name: 'last-error', valueString: lastError }] : []),
      ...(nextTry && status === 'active' ? [{ name: 'next-try', valueInstant: nextTry.toISOString() }] : []),
      { name: 'last-number', valueInteger: lastNumber },
      { name: 'delivered-number', valueInteger: deliveredNumber },
      ...rows.map(describe),
    ],
  };
}

/** One that has no outcome yet is under way, or was when its worker died. */
function describe({ at, kind, first, last, outcome, status, settledAt }: Attempt): ParametersParameter {
  return {
    name: 'attempt',
    part: [
      { name: 'at', valueInstant: at.toISOString() },
      { name: 'kind', valueCode: kind },
      ...(first === null ? [] : [{ name: 'first-number', valueInteger: first }]),
      ...(last === null ? [] : [{ name: 'last-number', valueInteger: last }]),
      ...(outcome === null ? [] : [{ name: 'outcome', valueString: outcome }]),
      ...(status === null ? [] : [{ name: 'http-status', valueInteger: status }]),
      ...(settledAt === null ? [] : [{ name: 'settled', valueInstant: settledAt.toISOString() }]),
    ],
  };
}
