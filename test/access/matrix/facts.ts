/** What is said of each member of a family: a fact of every category at every level. */
import type { Category } from '../../../src/model.ts';
import { nhsNumber } from '../../support/records.ts';
import { ago } from '../../support/roll.ts';
import { chart, episodeOf, say } from '../../support/transactions.ts';
import { COMPARTMENTS, type Compartment, canary, type Mark, momentOf } from './canaries.ts';

/** Who says it; who takes them on; and a service of reproductive health. */
export const [AUTHOR, TAKER, CLINIC] = ['author', 'taker', 'clinic'];

export const DAY = ago(30);
export type Person = { nhs: string; given: string; family: string; born: string; local: string };

export function personOf(family: number, of: Compartment): Person {
  const place = COMPARTMENTS.indexOf(of);
  const born = { M: '1990-02-03', P: '1988-05-06', I: ago(35) }[of];
  return {
    nhs: nhsNumber(5_000 + family * 3 + place),
    given: `${of}own${family}x`,
    family: `Fam${family}${of}y`,
    born,
    local: `${family}${of}`,
  };
}

const code = (value: string) => ({ system: 'https://codes.example/canary', code: value });

/** What the author says of one member: a fact of each category at each level. */
type Teller = { family: number; of: Compartment; author: string; label: string | undefined };
export type Told = ReturnType<typeof factsOf>;
export function factsOf(
  { family, of, author, label }: Teller,
  receivers: string[],
  serviceOf: (name: string) => string,
) {
  const mark = (category: Category, level: Mark) => canary({ family, of, category, mark: level });
  const coded = (category: Category, level: Mark) => ({
    coding: [{ ...code(mark(category, level)), display: mark(category, 'T') }],
    text: mark(category, 'T'),
  });
  const who = personOf(family, of);
  const moment = (nth: number) => momentOf(DAY, { family, of }, nth);
  const whom = chart(author, who, {
    name: [
      { use: 'official', family: who.family, given: [who.given] },
      { use: 'nickname', given: [mark('DEM', 'S')], text: mark('DEM', 'T') },
    ],
    communication: [{ language: coded('DEM', 'F') }],
    telecom: [{ system: 'email', value: `${mark('CON', 'F')}@people.example` }],
    address: [{ line: [`1 ${mark('CON', 'F')} Road`], text: mark('CON', 'T') }],
  });
  const subject = { reference: whom.fullUrl };
  const spell = episodeOf(whom, author, { id: `E-${who.local}`, start: moment(0) });
  Object.assign(spell.resource, { type: [coded('INV', 'S')] });
  spell.resource.identifier = [{ system: 'https://author.example/Id/episode', value: mark('INV', 'F') }];
  const contact = say({
    resourceType: 'Encounter',
    identifier: [{ system: 'https://author.example/Id/contact', value: `C-${who.local}` }],
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH' },
    type: [coded('ENC', 'S')],
    reasonCode: [coded('ENC', 'F')],
    subject,
    period: { start: moment(1), end: moment(1) },
  });
  const referral = (to: string, id: string) =>
    say({
      resourceType: 'ServiceRequest',
      identifier: [{ system: 'https://referrals.example/Id/referral', value: id }],
      status: 'active',
      intent: 'plan',
      subject,
      authoredOn: moment(2),
      requester: { reference: `Organization/${serviceOf(author)}` },
      performer: [{ reference: `Organization/${serviceOf(to)}` }],
      reasonCode: [coded('REF', 'S')],
      code: coded('REF', 'S'),
      orderDetail: [coded('REF', 'F')],
      note: [{ text: mark('REF', 'T') }],
    });
  const clinical = [
    say({
      resourceType: 'Observation',
      status: 'final',
      code: coded('CLN', 'S'),
      subject,
      valueString: mark('CLN', 'T'),
    }),
    say({
      resourceType: 'Composition',
      status: 'final',
      type: coded('FRM', 'S'),
      title: mark('FRM', 'T'),
      subject,
    }),
    say({ resourceType: 'Flag', status: 'active', code: coded('SAF', 'S'), subject }),
  ];
  const asked = receivers.map((to) => referral(to, `R-${who.local}-${to}`));
  const care = [spell, contact, referral(TAKER, `R-${who.local}`), ...asked];
  const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: label }];
  for (const { resource } of label ? [whom, ...care] : []) Object.assign(resource, { meta: { security } });
  return { whom, spell, said: [whom, ...care, ...clinical] };
}
