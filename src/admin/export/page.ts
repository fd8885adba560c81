/** The copy as a page for the person it is of, to print: short words, days as people write them. */
import type { Consent, Encounter, EpisodeOfCare, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { NOTICE } from '../../access/decide/decide.ts';
import { disputesOf } from '../../access/project/project-care.ts';
import { idOf } from '../../fhir/references.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { sayDate } from '../../read/journey/words.ts';
import { type Care, type Copy, dayOf, type Said } from './gather.ts';

const STYLE =
  'body{font:1.1rem/1.5 sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}li{margin:.4rem 0}';

/** HTML. The same copy gives the same bytes. */
export function pageOf(copy: Copy, laws: ReadonlyMap<string, string>): string {
  const nameOf = (service: string | undefined) => nameIn(copy, service);
  const sections: [string, string[], string][] = [
    ['Who you are', copy.charts.map((one) => sayChart(one, nameOf)), 'No service has told us who you are.'],
    ['Your care and visits', copy.care.map((one) => sayCare(one, nameOf)), 'We hold no care of yours.'],
    [
      'What you agreed to or refused',
      copy.agreements.map((one) => sayAgreement(one, nameOf)),
      'Nothing is kept.',
    ],
    [
      'Who was told about you',
      copy.tellings.map(
        (one) =>
          `${sayDate(one.day)}: ${nameOf(one.service)} was told of ${one.what}${one.basis ? `. Why the law lets us: ${laws.get(one.basis) ?? one.basis}` : ''}.`,
      ),
      'Nobody that we can name was told.',
    ],
  ];
  return [
    '<!doctype html>',
    '<html lang="en-GB"><meta charset="utf-8"><title>What is held about you</title>',
    `<style>${STYLE}</style>`,
    '<h1>What is held about you</h1>',
    paragraph(
      `Skein passes on what your health and care services say, so that the right team knows. This is what it held about you on ${sayDate(copy.at.toISOString())}.`,
    ),
    ...sections.flatMap(([title, lines, none]) => [`<h2>${escapeHtml(title)}</h2>`, listOf(lines, none)]),
    '<h2>What is not on this page</h2>',
    paragraph(
      'Everybody’s page leaves out the same things: what is about other people, notes in people’s own words, addresses and phone numbers, and what the law keeps apart. You can ask the service that wrote it.',
    ),
    paragraph(NOTICE),
    paragraph(
      'Is something wrong? Tell the service that said it. You can ask for it to be marked as not right.',
    ),
    '</html>',
    '',
  ].join('\n');
}

const MARKS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (mark) => MARKS[mark] ?? '');
const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;
const listOf = (lines: string[], none: string): string =>
  lines.length === 0
    ? paragraph(none)
    : `<ul>\n${lines.map((line) => `<li>${escapeHtml(line)}</li>\n`).join('')}</ul>`;

type NameOf = (service: string | undefined) => string;

function nameIn({ services }: Copy, service: string | undefined): string {
  const found = services.get(service ?? '');
  const ods = found?.identifier?.find(({ system }) => system?.endsWith('ods-organization-code'))?.value;
  if (!found?.name) return 'a service that is not named here';
  return ods && ods !== found.name ? `${found.name} (${ods})` : found.name;
}

const saidOn = (at: Date | null): string => (at ? `, last told us on ${sayDate(at.toISOString())}` : '');
const byWhom = ({ by, at }: Pick<Said<Patient>, 'by' | 'at'>, nameOf: NameOf): string =>
  `From ${by.map(nameOf).join(' and ')}${saidOn(at)}`;

function sayChart(one: Said<Patient>, nameOf: NameOf): string {
  const { name = [], birthDate, gender, identifier = [] } = one.resource;
  const facts = [
    ...name.map(({ given = [], family }) => `your name is ${[...given, family].filter(Boolean).join(' ')}`),
    ...(birthDate ? [`you were born on ${sayDate(birthDate)}`] : []),
    ...(gender ? [`your sex or gender is ${gender}`] : []),
    ...identifier.map(
      ({ system, value }) =>
        `${system === NHS_NUMBER ? 'your NHS number' : 'a number they use for you'} is ${value ?? ''}`,
    ),
  ];
  return `${byWhom(one, nameOf)}: ${facts.join('; ') || 'that there is such a person'}.`;
}

function sayCare(one: Said<Care>, nameOf: NameOf): string {
  const { resource } = one;
  const day = dayOf(resource);
  const disputed = disputesOf(resource).length > 0 ? ' You say that this is not right.' : '';
  return `${day === '' ? '' : `${sayDate(day)}: `}${sayWhat(resource, nameOf)}. ${byWhom(one, nameOf)}.${disputed}`;
}

function sayWhat(care: Care, nameOf: NameOf): string {
  if (care.resourceType === 'EpisodeOfCare') return sayEpisode(care, nameOf);
  return care.resourceType === 'Encounter' ? sayVisit(care, nameOf) : sayReferral(care, nameOf);
}

function sayEpisode({ managingOrganization, period }: EpisodeOfCare, nameOf: NameOf): string {
  const who = nameOf(idOf(managingOrganization?.reference, 'Organization'));
  return `care from ${who} ${period?.end ? `until ${sayDate(period.end)}` : 'began'}`;
}

function sayVisit({ status, serviceProvider }: Encounter, nameOf: NameOf): string {
  const who = serviceProvider ? ` with ${nameOf(idOf(serviceProvider.reference, 'Organization'))}` : '';
  return status === 'planned'
    ? `a visit${who} is planned`
    : status === 'cancelled'
      ? `a visit${who} was cancelled`
      : `a visit${who}`;
}

function sayReferral({ requester, performer = [] }: ServiceRequest, nameOf: NameOf): string {
  const from = idOf(requester?.reference, 'Organization');
  const to = performer.flatMap(({ reference }) => idOf(reference, 'Organization') ?? []);
  return `${from ? nameOf(from) : 'a service'} asked ${to.map(nameOf).join(' and ') || 'another service'} to see you`;
}

function sayAgreement(one: Said<Consent>, nameOf: NameOf): string {
  const { status, provision } = one.resource;
  const { start, end } = provision?.period ?? {};
  const word = provision?.type === 'deny' ? 'you said no to sharing' : 'you said yes to sharing';
  const when = [start ? `from ${sayDate(start)}` : '', end ? `until ${sayDate(end)}` : '']
    .filter(Boolean)
    .join(' ');
  return `${word}${when ? ` ${when}` : ''}${status === 'active' ? '' : ', and took that back'}. ${byWhom(one, nameOf)}.`;
}
