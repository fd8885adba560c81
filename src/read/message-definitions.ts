/**
 * What messages are taken and what they hold, as a BaRS sender asks it:
 * https://digital.nhs.uk/developer/api-catalogue/booking-and-referral-fhir
 */
import type { Bundle, MessageDefinition } from '@medplum/fhirtypes';
import { searchEntry, searchset } from '../fhir/bundle.ts';
import { MESSAGE_EVENTS } from '../fhir/systems.ts';
import { refuse } from './search/conditions.ts';

type Focus = NonNullable<MessageDefinition['focus']>[number];

const focus = (code: string, min: number, max = '1') => ({ code, min, max }) as Focus;
const PARTIES = [
  focus('Organization', 1, '*'),
  focus('HealthcareService', 0, '*'),
  focus('Encounter', 0, '*'),
];

/** One for each event; whatever the use case, the same is taken. */
export const MESSAGES: MessageDefinition[] = [
  {
    ...define('servicerequest-request', 'A referral: new, updated or cancelled'),
    focus: [
      ...[focus('MessageHeader', 1), focus('ServiceRequest', 1), focus('Patient', 1, '*')],
      ...[...PARTIES, focus('RelatedPerson', 0, '*')],
    ],
  },
  {
    ...define('servicerequest-response', 'The answer of the service that was asked'),
    focus: [focus('MessageHeader', 1), focus('ServiceRequest', 1), focus('Patient', 1), ...PARTIES],
  },
];

function define(event: string, title: string): MessageDefinition {
  return {
    resourceType: 'MessageDefinition',
    id: event,
    url: `https://fhir.nhs.uk/MessageDefinition/bars-message-${event}`,
    title,
    status: 'active',
    date: '2026-11-30',
    eventCoding: { system: MESSAGE_EVENTS, code: event },
    category: 'consequence',
  };
}

const EVENT = /^(servicerequest|booking)-(request|response)$/;

/**
 * A searchset of them. `context` names a service or a use case, of which none takes anything else, and with
 * some senders the event (`2000099999|servicerequest-request`); `event` is a code, with or without its
 * system.
 */
export function findMessageDefinitions(base: string, pairs: [string, string][]): Bundle {
  const events = pairs.flatMap(([name, value]) => {
    const codes = value.split(',').map((one) => one.slice(one.lastIndexOf('|') + 1));
    if (name === 'event') return codes;
    if (name === 'context') return codes.filter((code) => EVENT.test(code));
    if (name === '_format' || name === '_pretty') return [];
    throw refuse(name, `MessageDefinition cannot be searched by ${name}`);
  });
  const found = MESSAGES.filter(({ id = '' }) => events.length === 0 || events.includes(id));
  const query = new URLSearchParams(pairs).toString();
  const self = { relation: 'self', url: `${base}/MessageDefinition${query && `?${query}`}` };
  return searchset(
    [self],
    found.map((one) => searchEntry(base, one, 'match')),
  );
}
