/**
 * Families of which each is told alike by three services, and of which a service of every sector is in one relation to one member.
 */
import { expect } from 'vitest';
import { gather, type Household, type Services } from '../../support/household.ts';
import { ago, at } from '../../support/roll.ts';
import { chart, episodeOf, relationOf, type Said, transactionOf } from '../../support/transactions.ts';
import { COMPARTMENTS, type Compartment } from './canaries.ts';
import { AUTHOR, CLINIC, factsOf, type Person, personOf, TAKER, type Told } from './facts.ts';
import { putInForce } from './in-force.ts';
import { readKnown } from './known.ts';
import { type Case, type Condition, isAsked, type Relation, SECTORS, subjectOf } from './oracle.ts';

type EpisodeOptions = Parameters<typeof episodeOf>[2];
/** `known`: what each id and time tells. `tellNews`: of each member that care goes on otherwise, for whoever may be told. */
export type Matrix = {
  household: Household;
  services: Services;
  cases: Case[];
  known: Map<string, string>;
  tellNews: () => Promise<void>;
};
const send = async (household: Household, system: string, said: Said[], day: string) => {
  const { status, body } = await household.skein.transaction(transactionOf(said, at(day)), system);
  expect(status, JSON.stringify(body)).toBe(200);
};

export const readerOf = (sector: string) => `r_${sector.replaceAll('-', '_')}`;

/** The author once more: by what name each goes, and that care is as `status` says. */
type TellAgain = (status: 'active' | 'onhold') => Promise<void>;

/** What the author, and whoever took the person on, say of a family; and the author again, last of all, by what name each goes. */
async function tellFamily(household: Household, family: number, one: Case): Promise<TellAgain> {
  const { relation, condition } = one;
  const subject = subjectOf(relation);
  const asked = SECTORS.filter((sector) => isAsked({ sector, relation }));
  const authorOf = (of: Compartment) => (condition === 'sealed' && of === 'M' ? CLINIC : AUTHOR);
  const told = COMPARTMENTS.map((of) =>
    factsOf(
      { family, of, author: authorOf(of), label: of === 'M' ? LABELS[condition] : undefined },
      of === subject ? asked.map(readerOf) : [],
      household.serviceOf,
    ),
  ) as [Told, Told, Told];
  const [hers, his, infants] = told;
  const ties = [
    relationOf(infants.whom, personOf(family, 'M'), 'GESTM'),
    relationOf(infants.whom, personOf(family, 'P'), 'FTH'),
  ];
  if (condition === 'sealed') await send(household, CLINIC, hers.said, ago(29));
  const others = [...his.said, ...infants.said, ...ties];
  await send(household, AUTHOR, condition === 'sealed' ? others : [...hers.said, ...others], ago(29));
  const taken = COMPARTMENTS.flatMap((of) => {
    const who = personOf(family, of);
    const whom = chart(TAKER, who);
    const spell = { id: `T-${who.local}`, start: ago(28), referral: `R-${who.local}` };
    return [whom, episodeOf(whom, TAKER, spell)];
  });
  await send(household, TAKER, taken, ago(28));
  await tellReaders(household, personOf(family, subject), one);
  return async (change) => {
    for (const [place, { whom, spell }] of told.entries()) {
      Object.assign(spell.resource, { status: change });
      await send(
        household,
        authorOf(COMPARTMENTS[place] as Compartment),
        [whom, spell],
        ago(change === 'onhold' ? 1 : 2),
      );
    }
  };
}

/** Each reader's own word of the one whom its relation is to. */
async function tellReaders(household: Household, who: Person, one: Case): Promise<void> {
  const { relation, condition } = one;
  if (relation === 'stranger' || relation === 'pending') return;
  const id = `X-${who.local}`;
  const spells: Partial<Record<Relation, EpisodeOptions | null>> = {
    recent: { id, status: 'finished', start: ago(27), end: ago(10) },
    past: { id, status: 'finished', start: ago(250), end: ago(200) },
    declined: { id, status: 'cancelled' },
    author: null,
  };
  const spell = relation in spells ? spells[relation] : { id, start: ago(27) };
  await Promise.all(
    SECTORS.map((sector) => {
      const system = readerOf(sector);
      const whom = chart(system, { ...who, verified: condition !== 'unverified' });
      const referral = isAsked({ sector, relation }) ? { referral: `R-${who.local}-${system}` } : {};
      const care = spell ? [episodeOf(whom, system, { ...spell, ...referral })] : [];
      return send(household, system, [whom, ...care], ago(9));
    }),
  );
}

const LABELS: Partial<Record<Condition, string>> = { 'label-R': 'R', 'label-V': 'V' };
/** Families told at once: what comes at the same time is settled together. */
const LANES = 4;

export async function openMatrix(cases: Case[]): Promise<Matrix> {
  const services: Services = {
    [AUTHOR]: ['maternity', 'RXA', 'fhir-r4'],
    [CLINIC]: ['adult-services', 'RXG', 'fhir-r4', 'reproductive-health'],
    [TAKER]: ['specialist-perinatal', 'RXB', 'fhir-r4'],
  };
  for (const sector of SECTORS) services[readerOf(sector)] = [sector, 'RXC', 'fhir-r4'];
  const household = await gather(services, { ROLES: 'api,mllp' }, { subscribes: false });
  const queue = cases.entries();
  const again: TellAgain[] = [];
  const tell = async () => {
    for (const [family, one] of queue) {
      const tellAgain = await tellFamily(household, family, one);
      await tellAgain('active');
      await putInForce(household, { family, one, readers: SECTORS.map(readerOf) });
      again.push(tellAgain);
    }
  };
  await Promise.all(Array.from({ length: LANES }, tell));
  const tellNews = async () => {
    for (const tellAgain of again) await tellAgain('onhold');
  };
  return { household, services, cases, known: await readKnown(household, cases), tellNews };
}
