/**
 * A topic-based Subscription as R4 carries it, read and checked:
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html
 */
import type { Subscription } from '@medplum/fhirtypes';
import { z } from 'zod';
import type { Filter } from '../../access/decide/may-tell.ts';
import { PAYLOADS, type Payload } from '../../access/decide/policy.ts';
import { Rejected } from '../../errors.ts';
import { TOPIC_URL, TOPIC_VERSION } from '../../fhir/systems.ts';
import type { Issue } from '../../model.ts';
import { BACKPORT, checkChannel, unsupported, valuesOf } from './channel.ts';
import { FILTER_EXTENSION, findUnread, SECRET_URL } from './elements.ts';
import { readFilters } from './filters.ts';
import { readShape, type Shape } from './shape.ts';

const DEFAULT_TIMEOUT = 15;
const MAX_TIMEOUT = 30;
/** Seconds: more often would be a load, and say no more than the tries of a notification do. */
const MIN_HEARTBEAT = 10;
export const MAX_COUNT = 50;

/** What a Subscription asks for, in Skein's terms. Seconds; `off`: the client switches it off. */
export type Wish = {
  resource: Subscription;
  content: Payload;
  endpoint: URL;
  headers: string[];
  heartbeat: number | null;
  timeout: number;
  maxCount: number;
  endsAt: string | null;
  filters: Filter[];
  off: boolean;
};

/**
 * Throws Rejected: 400 when it is no Subscription at all, 422 for what is not supported, each issue naming
 * its element.
 */
export function readSubscription(body: unknown, ceiling: Payload): Wish {
  const shape = readShape(body);
  const endpoint = URL.parse(shape.channel.endpoint);
  const content = contentOf(shape);
  const { filters, issues } = readFilters(criteriaOf(shape));
  const found = [...findUnread(shape), ...issues, ...checkChannel(shape, endpoint)];
  found.push(...checkContent(content, ceiling), ...checkNumbers(shape), ...checkEnd(shape));
  if (shape.criteria !== TOPIC_URL && shape.criteria !== `${TOPIC_URL}|${TOPIC_VERSION}`) {
    found.push(unsupported('Subscription.criteria', `the topic is not supported; use ${TOPIC_URL}`));
  }
  if (found.length > 0) throw new Rejected(422, found);
  const timeout = Math.min(numberOf(shape, 'timeout') || DEFAULT_TIMEOUT, MAX_TIMEOUT);
  const maxCount = Math.min(numberOf(shape, 'max-count') || 1, MAX_COUNT);
  return {
    resource: coerced(shape, { timeout, maxCount }),
    content: content as Payload,
    endpoint: endpoint as URL,
    headers: shape.channel.header ?? [],
    heartbeat: numberOf(shape, 'heartbeat-period') || null,
    timeout,
    maxCount,
    endsAt: shape.end ? new Date(shape.end).toISOString() : null,
    filters,
    off: shape.status === 'off',
  };
}

/**
 * As it is kept and answered: with what is done rather than what was asked for, and without what is Skein's
 * to say.
 */
function coerced(shape: Shape, { timeout, maxCount }: Pick<Wish, 'timeout' | 'maxCount'>): Subscription {
  const { id, meta, status, error, extension, ...resource } = shape;
  const kept = extension?.filter(({ url }) => url !== SECRET_URL);
  const numbers: Record<string, object> = {
    [`${BACKPORT}/backport-timeout`]: { valueUnsignedInt: timeout },
    [`${BACKPORT}/backport-max-count`]: { valuePositiveInt: maxCount },
  };
  const ofChannel = shape.channel.extension?.map((one) => ({ ...one, ...numbers[one.url] }));
  const channel = { ...shape.channel, extension: ofChannel };
  return withoutEmpty({ ...resource, extension: kept, channel }) as Subscription;
}

/** FHIR has no empty lists and elements, and JSON.stringify none that is undefined. */
function withoutEmpty(value: object): object {
  const entries = Object.entries(value).flatMap(([name, given]): [string, unknown][] => {
    if (typeof given !== 'object' || given === null) return given === undefined ? [] : [[name, given]];
    const clean = Array.isArray(given) ? given : withoutEmpty(given);
    return Object.keys(clean).length > 0 ? [[name, clean]] : [];
  });
  return Object.fromEntries(entries);
}

const CONTENT_EXPRESSION = "Subscription.channel.payload.extension('backport-payload-content')";

function checkContent(content: Payload | null, ceiling: Payload): Issue[] {
  if (!content) {
    const text = `exactly one backport-payload-content of ${PAYLOADS.join(', ')} is needed`;
    return [{ severity: 'error', code: 'required', expression: CONTENT_EXPRESSION, text }];
  }
  if (PAYLOADS.indexOf(content) <= PAYLOADS.indexOf(ceiling)) return [];
  const text = `this service may ask for "${ceiling}" at most`;
  return [{ severity: 'error', code: 'business-rule', expression: CONTENT_EXPRESSION, text }];
}

function contentOf({ channel }: Shape): Payload | null {
  const given = valuesOf(channel._payload?.extension, 'backport-payload-content', 'valueCode');
  return given.length === 1 ? (PAYLOADS.find((one) => one === given[0]) ?? null) : null;
}

/**
 * The filters of a stored Subscription, which were checked when it was created: an older one may have a
 * `Type?` before them, which never kept anything away.
 */
export function filtersOf(resource: Subscription): Filter[] {
  const criteria = criteriaOf(resource as Pick<Shape, '_criteria'>);
  return readFilters(criteria.map((one) => ({ ...one, text: one.text.replace(/^[A-Za-z]+\?/, '') }))).filters;
}

function criteriaOf({ _criteria }: Pick<Shape, '_criteria'>): { text: string; expression: string }[] {
  return (_criteria?.extension ?? []).flatMap((extension, index) => {
    if (extension.url !== FILTER_EXTENSION) return [];
    return [
      {
        text: extension.valueString ?? '',
        expression: `Subscription.criteria.extension[${index}]`,
      },
    ];
  });
}

const NUMBERS = ['heartbeat-period', 'timeout', 'max-count'] as const;
/**
 * The largest that FHIR's unsignedInt and positiveInt hold:
 * https://hl7.org/fhir/R4/datatypes.html#unsignedInt
 */
const MAX_INT = 2_147_483_647;

function checkNumbers({ channel }: Shape): Issue[] {
  return NUMBERS.flatMap((name) => {
    const least = name === 'heartbeat-period' ? MIN_HEARTBEAT : 1;
    const isRight = (value: unknown) => z.int().min(least).max(MAX_INT).safeParse(value).success;
    if (numbersOf(channel, name).every(isRight)) return [];
    const expression = `Subscription.channel.extension('backport-${name}')`;
    return [unsupported(expression, `must be a whole number of ${least} or more`)];
  });
}

/** Who switches one off may send it as it was read. */
function checkEnd({ end, status }: Shape): Issue[] {
  if (end === undefined || status === 'off' || Date.parse(end) > Date.now()) return [];
  const text = 'it would have ended already';
  return [{ severity: 'error', code: 'business-rule', expression: 'Subscription.end', text }];
}

function numberOf({ channel }: Shape, name: (typeof NUMBERS)[number]): number {
  return (numbersOf(channel, name)[0] as number | undefined) ?? 0;
}

function numbersOf({ extension }: Shape['channel'], name: string): unknown[] {
  return ['valueUnsignedInt', 'valuePositiveInt'].flatMap((value) =>
    valuesOf(extension, `backport-${name}`, value),
  );
}
