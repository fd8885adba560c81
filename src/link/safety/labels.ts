/**
 * What senders restrict by a label (docs/adr/0023-labels.md): a resource of theirs, or, by that of a chart,
 * whoever it is of.
 */
import type { Encounter } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import type { Label, Rules, StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';

/**
 * `labelOf`: how a statement is restricted, by its key, with the person whom it is about; a contact also by
 * the label of the episode that it is part of. `restricted`:
 * whoever has a chart so labelled by a service whose word counts for that.
 */
export type Labels = {
  labelOf: (key: string) => { label: Label; person: string } | undefined;
  restricted: ReadonlySet<Person>;
  /**
   * A chart that nobody knows but its author and whom that asked: very restricted, or labelled by somebody
   * who cannot restrict more than that.
   */
  isInside: (chart: Pick<StatementState, 'key' | 'sector'>) => boolean;
};

type Given = { persons: Person[]; personOf: (key: string | null) => Person | undefined };

export function findLabels(
  states: StatementState[],
  { persons, personOf }: Given,
  { labelOf, mayRestrict }: Pick<Rules, 'labelOf' | 'mayRestrict'>,
): Labels {
  const own = new Map(states.map(({ key, content }) => [key, labelOf(content)]));
  const labels = new Map(
    states.flatMap(({ key, type, chart, content }): [string, { label: Label; person: string }][] => {
      const label = strictestOf([
        own.get(key),
        ...episodesOf(content as Encounter).map((one) => own.get(one)),
      ]);
      const person = personOf(type === 'Patient' ? key : chart);
      return label && person ? [[key, { label, person: person.id }]] : [];
    }),
  );
  const restricted = persons.filter(({ charts }) =>
    charts.some(({ key, sector }) => labels.has(key) && mayRestrict(sector)),
  );
  return {
    labelOf: (key) => labels.get(key),
    restricted: new Set(restricted),
    isInside: ({ key, sector }) =>
      labels.get(key)?.label === 'very-restricted' || (labels.has(key) && !mayRestrict(sector)),
  };
}

const episodesOf = ({ resourceType, episodeOfCare = [] }: Encounter): string[] =>
  resourceType === 'Encounter'
    ? episodeOfCare.flatMap(({ reference }) => idOf(reference, 'EpisodeOfCare') ?? [])
    : [];

const strictestOf = (labels: (Label | null | undefined)[]): Label | null | undefined =>
  labels.find((label) => label === 'very-restricted') ?? labels.find(Boolean);

/** Of several statements about one piece of care the strictest. */
export function strictest(labels: Labels, keys: string[]): { label: Label; person: string } | undefined {
  const found = keys.flatMap((key) => labels.labelOf(key) ?? []);
  return found.find(({ label }) => label === 'very-restricted') ?? found[0];
}
