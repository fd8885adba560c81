/**
 * What is known of a person by number alone: a death that was told nationally, that the identity was changed,
 * or that the number is none.
 */
import type { Patient } from '@medplum/fhirtypes';
import { withoutStatus } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { latest } from '../care/spells.ts';
import type { Person } from './charts.ts';
import { type LifeCycle, numberOf } from './life-cycle.ts';
import { codeOf, readSignal } from './signals.ts';

/**
 * A death that was told of a number is that of the one person who has it as verified. Where several have,
 * whose it is waits, and their services are asked to verify; so they are where no registrar has said so yet.
 */
export function markDeaths(persons: Person[], { signals, successors, keysOf }: LifeCycle): void {
  const deaths = signals.filter(({ content }) => codeOf(content) === 'death');
  for (const signal of deaths) {
    const { number, informal } = readSignal(signal);
    const keys = keysOf(successors.get(number) ?? number);
    const meant = persons.filter(({ charts }) =>
      charts.some(({ ref, aside }) => !aside && keys.includes(ref ?? '')),
    );
    const day = signal.content.created ?? latest(signal).slice(0, 10);
    const [one, ...others] = meant;
    if (one && others.length === 0 && !informal) one.died = earlier(one.died, day);
    else for (const person of meant) person.mayHaveDied = earlier(person.mayHaveDied, day);
  }
}

const earlier = (known: string | undefined, day: string): string =>
  known !== undefined && known < day ? known : day;

export function markFrozen(persons: Person[], { frozen }: LifeCycle): void {
  if (frozen.size === 0) return;
  for (const person of persons) person.frozen = person.charts.some(({ ref }) => frozen.has(ref ?? ''));
}

/** A number that is nationally invalid is nobody's present number, and no longer verified by anybody. */
export function markInvalid(persons: Person[], { invalid, keysOf }: LifeCycle): void {
  if (invalid.size === 0) return;
  const isInvalid = ({ content }: Person['charts'][number]) =>
    keysOf(numberOf(content) ?? '').some((key) => invalid.has(key));
  for (const person of persons)
    person.charts = person.charts.map((chart) =>
      isInvalid(chart) ? { ...chart, content: struck(chart.content) } : chart,
    );
}

const struck = (content: Patient): Patient => ({
  ...content,
  identifier: (content.identifier ?? []).map((one) =>
    one.system === NHS_NUMBER ? { ...withoutStatus(one), use: 'old' } : one,
  ),
});
