/** Notification Bundles: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html */
import type { Bundle, BundleEntry, Parameters, ParametersParameter, Resource } from '@medplum/fhirtypes';
import type { Payload } from '../../access/decide/policy.ts';
import { type Config, publicUrl } from '../../config.ts';
import { TOPIC_URL } from '../../fhir/systems.ts';
import type { EventCode } from '../../model.ts';
import type { Status } from '../subscribe/stored.ts';

const STATUS_PROFILE =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4';
const NOTIFICATION_PROFILE =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4';
/** What happened, as the topic names it: on `notification-event`. */
export const EVENT_CODE_URL = 'https://skein.example/fhir/StructureDefinition/event-code';

/** Which message of the recipient's own made it happen: on `notification-event`. */
const MESSAGE_URL = 'https://skein.example/fhir/StructureDefinition/event-message';

/**
 * One event as this recipient is told of it: `content` is what it may be told now, `resources` what a full
 * payload carries.
 */
export type Told = {
  number: number;
  at: Date;
  code: EventCode;
  focus: { type: string; id: string };
  content: Payload;
  withheld: boolean;
  resources: Resource[] | null;
  /** Row of the message that it comes from, and whether that is the recipient's own; null: from none. */
  message: { id: string; own: boolean } | null;
  /** What the trace of that message goes on from. */
  trace?: string;
};

export type NotificationType =
  | 'handshake'
  | 'heartbeat'
  | 'event-notification'
  | 'query-status'
  | 'query-event';

export type About = {
  base: string;
  subscription: string;
  status: Status;
  type: NotificationType;
  /** Events since the subscription started: for an event notification the last number in it. */
  count: number;
  content: Payload;
  error?: string | null;
  events?: Told[];
  /** The public id of a message, by its row. */
  nameMessage: (row: string) => string;
};

/** Base URL of references; from configuration, since the worker has no request to look at. */
export function fhirBase(config: Config): string {
  return `${publicUrl(config)}/fhir`;
}

/** The subscription's status as R4 has it: Parameters. An empty payload names no topic and no focus. */
export function statusOf(about: About): Parameters {
  const { base, subscription, status, type, count, content, error, events = [], nameMessage } = about;
  const topic: ParametersParameter[] =
    content === 'empty' ? [] : [{ name: 'topic', valueCanonical: TOPIC_URL }];
  const text = error ? [{ name: 'error', valueCodeableConcept: { text: error } }] : [];
  return {
    resourceType: 'Parameters',
    meta: { profile: [STATUS_PROFILE] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${base}/Subscription/${subscription}` } },
      ...topic,
      { name: 'status', valueCode: status },
      { name: 'type', valueCode: type },
      { name: 'events-since-subscription-start', valueString: String(count) },
      ...events.map((event) => eventPart(event, { base, nameMessage })),
      ...text,
    ],
  };
}

/**
 * A withheld event keeps its number and says nothing; an empty one names its code only for contact-stop.
 * Which message it comes from is told to the sender of that message alone.
 */
function eventPart(
  told: Told,
  { base, nameMessage }: Pick<About, 'base' | 'nameMessage'>,
): ParametersParameter {
  const { number, at, code, focus, content, withheld, message } = told;
  const named = !withheld && (content !== 'empty' || code === 'contact-stop');
  const focused = !withheld && content !== 'empty';
  const extension = [
    ...(named ? [{ url: EVENT_CODE_URL, valueCode: code }] : []),
    ...(focused && message?.own ? [{ url: MESSAGE_URL, valueString: nameMessage(message.id) }] : []),
  ];
  return {
    ...(extension.length > 0 ? { extension } : {}),
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: String(number) },
      { name: 'timestamp', valueInstant: at.toISOString() },
      ...(focused
        ? [{ name: 'focus', valueReference: { reference: `${base}/${focus.type}/${focus.id}` } }]
        : []),
    ],
  };
}

/**
 * `id` names Bundle and status; the same arguments give the same bytes once stringified, which is what a
 * retry sends.
 */
export function notificationBundle(about: About, { id, at }: { id: string; at: string }): Bundle {
  const { base, subscription } = about;
  const entry: BundleEntry = {
    fullUrl: `urn:uuid:${id}`,
    resource: { ...statusOf(about), id },
    request: { method: 'GET', url: `${base}/Subscription/${subscription}/$status` },
    response: { status: '200' },
  };
  return {
    resourceType: 'Bundle',
    id,
    meta: { profile: [NOTIFICATION_PROFILE] },
    type: 'history',
    timestamp: at,
    entry: [entry, ...contentEntries(about)],
  };
}

/**
 * Of a full-resource subscription, an entry for each focus it may know of: the resource, or only where it is
 * read, if it may not be sent. One that several events speak of comes once.
 */
function contentEntries({ base, content, events = [] }: About): BundleEntry[] {
  if (content !== 'full-resource') return [];
  const byUrl = new Map<string, Resource | undefined>();
  for (const { content, withheld, focus, resources } of events) {
    if (withheld || content === 'empty') continue;
    const url = `${base}/${focus.type}/${focus.id}`;
    const [resource] = content === 'full-resource' ? (resources ?? []) : [];
    byUrl.set(url, resource ?? byUrl.get(url));
  }
  return [...byUrl].map(([url, resource]) => ({
    fullUrl: url,
    ...(resource ? { resource } : {}),
    request: { method: 'GET', url },
    response: { status: '200' },
  }));
}
