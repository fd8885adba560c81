/**
 * What services were told of a death, kept as text in the state of the Patient it is about (ADR 12):
 * `lost|died|ended@DAY STOP LOSS PERHAPS`, each a list of service ids or `-`, several deaths joined by `;`.
 */
import { type Death, isSameLoss, type Known, maybeOne } from './concerned.ts';
import type { Person } from './who/charts.ts';

/**
 * Services told to stop contacts, and those told of the loss as well. `known`: it was heard of before.
 * `perhaps`: "service/person" of whom it was not sure that the death concerns them.
 */
export type Told = { known: boolean; stop: string[]; loss: string[]; perhaps: string[] };

/** What a state calls it by. A woman may lose several pregnancies. */
export const nameOf = ({ cause, day }: Death): string => (cause === 'ended' ? `${cause}@${day}` : cause);

/** Is this what was told of that death? The day of a loss may be corrected. */
export function isOf(state: string, { cause, day }: Death): boolean {
  const [name = '', of] = (state.split(' ')[0] ?? '').split('@');
  return name === cause && (of === undefined || isSameLoss(of, day));
}

export const listed = (services: string[]): string => [...new Set(services)].sort().join(',') || '-';
export const nameNow = ({ personOf }: Pick<Known, 'personOf'>, person: string) =>
  personOf(person)?.id ?? person;
export const statesOf = (family: Known, person: string): string[] =>
  family.stored.flatMap(({ type, id, state }) =>
    type === 'Patient' && state !== null && nameNow(family, id) === person ? state.split(';') : [],
  );

/** What the services of these were told of that death, under whatever ids they had. */
export function toldOf(family: Known, death: Death, persons: Person[]): Told {
  const states = persons.flatMap(({ id }) => statesOf(family, id)).filter((state) => isOf(state, death));
  const read = states.map((state) => state.split(' ').slice(1).map(servicesIn));
  return {
    known: states.length > 0,
    stop: read.flatMap(([stop = []]) => stop),
    loss: read.flatMap(([, loss = []]) => loss),
    perhaps: read.flatMap(([, , perhaps = []]) => perhaps),
  };
}

/** Of whom another death is told that may be the same. */
export const whoMayBe = (family: Known, death: Death, deaths: Death[]): Person[] =>
  deaths.flatMap((one) => (one !== death && maybeOne(family, death, one) ? one.person : []));

type Both = { own: Told; others: Told; person: Person; carers: string[] };

/**
 * What services were told of this death, or of others that may be the same. Who cares for the one who died
 * (`carers`) has to be told of that very record: of others it was enough where that record was named as one
 * that may be meant.
 */
export function joined(family: Known, { own, others, person, carers }: Both): Told {
  const named = others.perhaps.flatMap((one) =>
    nameNow(family, personIn(one)) === person.id ? serviceIn(one) : [],
  );
  const isEnough = (service: string) => !carers.includes(service);
  return {
    known: own.known,
    stop: [...own.stop, ...others.stop.filter(isEnough), ...named],
    loss: [...own.loss, ...others.loss.filter(isEnough)],
    perhaps: [...own.perhaps, ...others.perhaps],
  };
}

export const serviceIn = (perhaps: string): string => perhaps.split('/')[0] ?? '';
const personIn = (perhaps: string): string => perhaps.split('/')[1] ?? '';
export const servicesIn = (list: string): string[] => (list === '-' ? [] : list.split(','));

/** Was it told by a store that did not keep to whom? */
export function isOfOld(family: Known, { person: { id: person }, cause }: Death): boolean {
  if (cause === 'ended') return false;
  const states = statesOf(family, person);
  if (states.some((state) => /^(lost|died) /.test(state))) return false;
  const groups = family.stored.filter(({ type, state }) => type === 'Group' && state?.includes('|'));
  const lost = groups.flatMap(({ state }) => state?.split('|')[1]?.split(' ') ?? []);
  return states.includes('died') || lost.some((one) => nameNow(family, one) === person);
}
