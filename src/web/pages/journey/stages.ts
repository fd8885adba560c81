/** The strip of stages: each infant's where they differ. A stage without a fact is left out. */
import { STAGE_OF } from '../../../fhir/systems.ts';
import { sayStage } from '../../../read/journey/words.ts';
import { ageOf, dayOf, listOf, longDate } from '../words.ts';
import type { Given } from './given.ts';
import { type Member, STOPPED } from './members.ts';

export type StageBox = { title: string; note: string; isNow: boolean; start: number | null; code: string };
/** `infants`: names of those whose stages it tells; `whose`: the same where there is more than one strip. */
export type Strip = { whose: string; infants: string; stages: StageBox[] };

export function describeStages(given: Given, members: Member[]): Strip[] {
  const { characteristic = [] } = given.group;
  const strips = Map.groupBy(characteristic, ({ extension = [] }) =>
    extension
      .flatMap(({ url, valueReference }) => (url === STAGE_OF ? (valueReference?.reference ?? []) : []))
      .sort()
      .join(' '),
  );
  return [...strips].map(([whose, stages]) => {
    const infants = members.filter(({ reference }) => whose.split(' ').includes(reference));
    const boxes = stages.map((stage) => describe(given, infants, stage));
    const stop = boxes.find(({ code, isNow }) => code === STOPPED && isNow);
    const names = listOf(infants.map(({ short }) => short));
    return {
      infants: names,
      whose: strips.size > 1 ? names || 'This family' : '',
      // After a stop no stage is to come.
      stages: stop ? boxes.filter(({ start, isNow }) => isNow || (start ?? 0) <= given.today) : boxes,
    };
  });
}

type Characteristic = NonNullable<Given['group']['characteristic']>[number];

function describe(
  { today }: Given,
  infants: Member[],
  { valueCodeableConcept, period }: Characteristic,
): StageBox {
  const code = valueCodeableConcept?.coding?.[0]?.code ?? '';
  const [start, end] = [dayOf(period?.start), dayOf(period?.end)];
  const isNow = (start === null || start <= today) && (end === null || today < end);
  const title = `${sayStage(code)}${isNow ? ': now' : ''}`;
  return { title, isNow, start, code, note: isNow ? noteNow() : noteOther() };

  function noteNow(): string {
    const ages = infants.flatMap(({ short, born, isAgeless }) =>
      born === null || isAgeless || code === STOPPED ? [] : [`${short} is ${ageOf(born, today)} old`],
    );
    if (ages.length > 0) return listOf(ages);
    return start === null ? '' : `Since ${longDate(start)}`;
  }

  function noteOther(): string {
    if (end !== null && end <= today) return `Ended ${longDate(end)}`;
    return start === null ? '' : `From ${longDate(start)}`;
  }
}
