import type { Encounter, EpisodeOfCare, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import { EXPECTED_DELIVERY, EXPECTED_INFANTS, PREGNANCY_LOSS } from '../../fhir/systems.ts';
import type { Rules, StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { ANTENATAL, DECLARES_LOSS } from './sectors.ts';
import { latest, type Referral, type Spell } from './spells.ts';

/** A spell, a referral or an encounter of one person. */
export type Care = {
  id: string;
  person: Person;
  /** FHIR date or dateTime at which it began. */
  start: string;
  /** Sector of the service that gives it, where that is known. */
  sector: string | null;
  /** The care that it cites (its referral, its spell), whose home is its own. */
  cites: string[];
  /** Where it is a maternity or fetal medicine service's own word of what it does: a pregnancy is known. */
  antenatal: boolean;
  /** FHIR date on which a birth is expected, where it says so. */
  due: string | null;
  /** How many infants are expected, where a contact such as a scan says so. */
  infants: number | null;
  /** FHIR date on which a pregnancy ended without a living infant, where who may declare it says so. */
  ended: string | null;
  /** The statement of it that was seen first: `seq` is the order of first sight. */
  seen: { seq: number; key: string };
  /** Set where only author and addressee may know of it: the service whose journey apart it belongs to. */
  apart: string | null;
  isReferral: boolean;
  /** The service that gives it, or is asked for it. */
  service: string | null;
  /** It was asked for before a pregnancy, or goes back to a referral that was. */
  preconception: boolean;
};

type Said = {
  states: StatementState[];
  spells: Spell[];
  referrals: Referral[];
  personOf: (key: string) => Person | undefined;
};

/** Status of care that was called off before it was given, or never meant. */
export const NEVER_WAS: ReadonlySet<string> = new Set(['cancelled', 'entered-in-error']);

function dateIn({ extension = [] }: EpisodeOfCare | Encounter, of: string): string | null {
  const date = extension.find(({ url }) => url === of)?.valueDate ?? '';
  return Number.isNaN(Date.parse(date)) ? null : date;
}

/** More than eight were never expected; 9 means unknown to many systems. */
const MOST_INFANTS = 8;

function infantsIn({ extension = [] }: EpisodeOfCare | Encounter): number | null {
  const said = extension.find(({ url }) => url === EXPECTED_INFANTS)?.valuePositiveInt ?? 0;
  return Number.isInteger(said) && said >= 1 && said <= MOST_INFANTS ? said : null;
}

/** The last day of a year, of a month, or the day itself, of a FHIR date or dateTime. */
export const lastDayOf = (date: string): string =>
  date.length === 4 ? `${date}-12-31` : date.length === 7 ? `${date}-31` : date.slice(0, 10);

export const saysLost = (content: Resource): boolean =>
  ((content as Encounter).extension ?? []).some(({ url }) => url === PREGNANCY_LOSS);

/** The day of a loss. Of a year or a month the last that it can be, since it was said afterwards. */
export function lossIn(content: EpisodeOfCare | Encounter, states: StatementState[]): string | null {
  const date = dateIn(content, PREGNANCY_LOSS);
  const [said] = states.map((state) => latest(state).slice(0, 10)).sort();
  return date === null || date.length === 10 || !said
    ? date
    : said < lastDayOf(date)
      ? said
      : lastDayOf(date);
}

/**
 * All care of a family that is to have a home: referrals, then spells, then encounters, each after what it
 * cites.
 */
export function listCare({ states, spells, referrals, personOf }: Said, rules: Rules): Care[] {
  const { keeperOf, isPreconception } = rules;
  const sectors = new Map(states.map(({ service, sector }) => [service, sector]));
  const sectorOf = (service: string | null) => sectors.get(service ?? '') ?? null;
  const seen = new Map(states.map(({ key, seq }) => [key, seq]));
  const firstOf = (keys: string[]) =>
    keys
      .map((key) => ({ key, seq: seen.get(key) ?? Number.POSITIVE_INFINITY }))
      .reduce((one, other) => (other.seq < one.seq ? other : one));
  const spellOf = new Map(spells.flatMap((spell) => spell.keys.map((key) => [key, spell.id])));
  const before = new Set(
    states.flatMap(({ type, key, content }) =>
      type === 'ServiceRequest' && isPreconception(content as ServiceRequest) ? key : [],
    ),
  );
  const encounters = states.flatMap((state): Listed[] => {
    const person = state.type === 'Encounter' ? personOf(state.chart) : undefined;
    if (!person) return [];
    const { period, serviceProvider, episodeOfCare = [], basedOn = [], status } = state.content as Encounter;
    const provider = idOf(serviceProvider?.reference, 'Organization') ?? state.service;
    const spell = idOf(episodeOfCare[0]?.reference, 'EpisodeOfCare') ?? '';
    const asked = basedOn.flatMap(({ reference }) => idOf(reference, 'ServiceRequest') ?? []);
    const isOwn = provider === state.service && !NEVER_WAS.has(status);
    const sectorOfIt = state.sector ?? '';
    return [
      {
        id: state.key,
        person,
        start: period?.start ?? state.first.slice(0, 24),
        isReferral: false,
        service: provider,
        sector: sectorOf(provider) ?? state.sector,
        cites: [spellOf.get(spell) ?? spell, ...asked],
        antenatal: isOwn && ANTENATAL.has(sectorOfIt),
        due: null,
        infants: isOwn ? infantsIn(state.content as Encounter) : null,
        ended: isOwn && DECLARES_LOSS.has(sectorOfIt) ? lossIn(state.content as Encounter, [state]) : null,
        seen: state,
        apart: keeperOf(provider, [state]),
      },
    ];
  });
  const all = [
    ...referrals.map(
      ({ key, person, start, service, author }): Listed => ({
        id: key,
        person,
        start,
        isReferral: true,
        service,
        sector: sectorOf(service),
        cites: [],
        antenatal: false,
        due: null,
        infants: null,
        ended: null,
        seen: firstOf([key]),
        apart: keeperOf(service, [author]),
      }),
    ),
    ...spells.map(
      ({ id, keys, person, period, service, referral, senders, confirmed, status, content }): Listed => ({
        id,
        person,
        start: period.start ?? '',
        isReferral: false,
        service,
        sector: sectorOf(service),
        cites: referral ? [referral] : [],
        antenatal: confirmed && ANTENATAL.has(sectorOf(service) ?? '') && !NEVER_WAS.has(status),
        due: confirmed ? dateIn(content, EXPECTED_DELIVERY) : null,
        infants: confirmed ? infantsIn(content) : null,
        ended:
          confirmed && DECLARES_LOSS.has(sectorOf(service) ?? '')
            ? lossIn(
                content,
                states.filter(({ key }) => keys.includes(key)),
              )
            : null,
        seen: firstOf(keys),
        apart: keeperOf(service, senders),
      }),
    ),
    ...encounters,
  ].filter(({ start }) => !Number.isNaN(Date.parse(start)));
  return all.map((one): Care => {
    const basis = before.size > 0 ? basisOf(one, all) : undefined;
    if (basis && before.has(basis.id)) before.add(one.id);
    return { ...one, preconception: before.has(one.id) };
  });
}

type Listed = Omit<Care, 'preconception'>;

/**
 * What it cites of the same person; where that is nothing, what its service was asked for, or began, last
 * before it.
 */
function basisOf(one: Listed, all: Listed[]): Listed | undefined {
  const own = all.slice(0, all.indexOf(one)).filter(({ person }) => person === one.person);
  const cited = own.find(({ id }) => one.cites.includes(id));
  if (cited || one.isReferral) return cited;
  const at = Date.parse(one.start);
  return own
    .filter(({ service, start }) => service === one.service && Date.parse(start) <= at)
    .sort((a, b) => Date.parse(b.start) - Date.parse(a.start) || (a.id < b.id ? -1 : 1))[0];
}
