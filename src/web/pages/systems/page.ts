/** Systems for whoever runs Skein: how each is registered, when it was heard, what it has shown so far. */
import { capital, dateTime, sayCount } from '../words.ts';

export type Listed = {
  id: number;
  name: string;
  service: string;
  ods: string;
  team: string;
  sector: string | null;
  source: string | null;
  isRegistered: boolean;
  isDisabled: boolean;
  heardAt: Date | null;
};
export type Facts = Listed & {
  counts: { status: string; count: number }[];
  firstAt: Date | null;
  subscriptions: number;
  answered: number;
  hasDuty: boolean;
};

export const describeSystem = ({ name, service, ods, team, sector, source, ...one }: Listed) => ({
  ...{ name, service, team: `${ods}|${team}` },
  sector: sector ? sayCode(sector) : 'None: it sees what it sent',
  source: source ?? 'None: it only reads and subscribes',
  state: one.isDisabled ? 'Disabled' : one.isRegistered ? 'Registered' : 'Not registered',
  tag: one.isDisabled ? 'red' : one.isRegistered ? 'green' : 'yellow',
  heard: one.heardAt ? `In the hour from ${dateTime(one.heardAt)}` : 'Not in the last nine weeks',
});

export type Check = { what: string; isDone: boolean; how: string };

/** What a new system has shown by what it did; the rest says how it is shown. */
export function checkOff({ counts, firstAt, subscriptions, answered, hasDuty, source }: Facts): Check[] {
  const countOf = (status: string) => counts.find((one) => one.status === status)?.count ?? 0;
  const bad = countOf('held') + countOf('failed');
  const sends = source !== null;
  return [
    ...(sends
      ? [
          {
            what: 'A message came',
            isDone: firstAt !== null,
            how: firstAt ? `First on ${dateTime(firstAt)}` : 'Send one of an invented person',
          },
          {
            what: 'A message was accepted',
            isDone: countOf('accepted') > 0,
            how: `${sayCount(countOf('accepted'), 'message')} so far`,
          },
          {
            what: 'None waits to be mended',
            isDone: firstAt !== null && bad === 0,
            how: bad === 0 ? 'None is held' : `${sayCount(bad, 'message')} held: see Messages`,
          },
        ]
      : []),
    {
      what: 'It subscribes',
      isDone: subscriptions > 0,
      how:
        subscriptions > 0
          ? sayCount(subscriptions, 'subscription')
          : 'POST /fhir/Subscription, if it is to be told',
    },
    {
      what: 'It answered a notification',
      isDone: answered > 0,
      how: answered > 0 ? sayCount(answered, 'subscription') : 'Send a test from Deliveries',
    },
    {
      what: 'Others know whom to ring',
      isDone: hasDuty,
      how: hasDuty ? 'A duty contact is kept' : 'skein service set --duty-phone, or by the service itself',
    },
  ];
}

export type Place = { base: string; auth: string; mllpPort: number; hasMllp: boolean };
export type ToType = { what: string; value: string };

/** What goes into the other system's own settings. */
export function whatToType(
  name: string,
  source: string | null,
  { base, auth, mllpPort, hasMllp }: Place,
): ToType[] {
  const isHl7 = (source ?? '').includes('hl7v2');
  const isBars = (source ?? '').includes('bars');
  const credential =
    auth === 'none'
      ? { what: 'Header that says who it is (trial)', value: `X-Skein-System: ${name}` }
      : { what: 'Header with its token', value: 'Authorization: Bearer TOKEN' };
  return [
    credential,
    ...(isBars ? [{ what: 'BaRS messages', value: `POST ${base}/fhir/$process-message` }] : []),
    ...(source
      ? [{ what: 'Messages and files as they are', value: `POST ${base}/intake/${encodeURIComponent(name)}` }]
      : []),
    ...(isHl7 && hasMllp ? [{ what: 'HL7 v2 over MLLP', value: `port ${mllpPort}` }] : []),
    { what: 'FHIR', value: `${base}/fhir` },
    { what: 'What became of a message', value: `GET ${base}/intake/messages?identifier=ID` },
    { what: 'To be told', value: `POST ${base}/fhir/Subscription` },
  ];
}

export type Typed = Record<'name' | 'ods' | 'team' | 'service' | 'sector' | 'kind' | 'source', string>;
export const BLANK: Typed = { name: '', ods: '', team: '', service: '', sector: '', kind: '', source: '' };
const LONGEST = 100;

export function readTyped(form: URLSearchParams): Typed {
  const field = (name: string) => (form.get(name) ?? '').trim().slice(0, LONGEST);
  const fields = Object.keys(BLANK).map((name) => [name, field(name)]);
  return { ...BLANK, ...Object.fromEntries(fields) };
}

export const sayCode = (code: string): string => capital(code.replaceAll('-', ' '));
