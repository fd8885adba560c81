/** My families: a row for each journey in which somebody is an own patient. */
import type { Patient } from '@medplum/fhirtypes';
import { NOTICE } from '../../../access/decide/decide.ts';
import type { Family } from '../../../read/families.ts';
import { daysSince, sayStage } from '../../../read/journey/words.ts';
import { INFANT_DAYS, isDead, isStopped } from '../journey/members.ts';
import { ageOf, dayOf, nameTogether, sayCount, todayOf } from '../words.ts';

export type FamilyLine = {
  href: string;
  name: string;
  people: string;
  stage: string;
  prompts: string;
  waiting: string;
};
export type StageChoice = { value: string; text: string; isChosen: boolean };

const STAGES = ['preconception', 'pregnancy', 'outcome-unknown', 'birth-12m', '12-24m', 'after-24m'];
export const STAGE_CODES = [...STAGES, 'contact-stop'];
export { NOTICE };

export function describeFamilies(
  families: Family[],
  now: Date,
  hrefOf: (id: string) => string,
): FamilyLine[] {
  const today = todayOf(now);
  return families.map(({ group, members, prompts, waiting }) => {
    const oldestFirst = [...members].sort((a, b) => ((a.birthDate ?? '') < (b.birthDate ?? '') ? -1 : 1));
    const named = oldestFirst.filter(({ name }) => name?.[0]);
    const stages = (group.characteristic ?? []).flatMap(({ period, valueCodeableConcept }) => {
      const [from, to] = [dayOf(period?.start) ?? 0, dayOf(period?.end) ?? Number.POSITIVE_INFINITY];
      return from <= today && today < to ? sayStage(valueCodeableConcept?.coding?.[0]?.code) : [];
    });
    const days = waiting.flatMap((since) => daysSince(since, now) ?? []);
    const longest = days.length > 0 ? `, the longest ${sayCount(Math.max(...days), 'day')}` : '';
    return {
      href: hrefOf(group.id ?? ''),
      name: nameTogether(named.map(namesOf)) || 'A family',
      people: oldestFirst.flatMap((one) => describe(one, { group, today })).join('; '),
      stage: [...new Set(stages)].join('; ') || 'Not known',
      prompts: prompts === 0 ? 'None' : sayCount(prompts, 'question'),
      waiting: waiting.length === 0 ? 'None' : `${sayCount(waiting.length, 'referral')}${longest}`,
    };
  });
}

const namesOf = ({ name }: Patient) => ({ given: name?.[0]?.given?.[0], family: name?.[0]?.family });

type At = { group: Family['group']; today: number };

function describe(patient: Patient, at: At): string[] {
  const born = dayOf(patient.birthDate);
  if (born === null || isDead(patient) || !patient.name?.[0]) return [];
  const isInfant = at.today - born < INFANT_DAYS;
  if (isInfant && isStopped(at, `Patient/${patient.id}`)) return [];
  return [`${nameTogether([namesOf(patient)]).split(' ')[0]} is ${ageOf(born, at.today)} old`];
}

export const chooseStage = (stage: string | null): StageChoice[] => [
  { value: '', text: 'Any stage', isChosen: stage === null },
  ...STAGE_CODES.map((value) => ({ value, text: sayStage(value), isChosen: value === stage })),
];
