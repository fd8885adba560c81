import type { Extension } from '@medplum/fhirtypes';
import type { CareSource, SafeContact } from '../../model.ts';
import type { StatementState, StoredView, View } from '../../store/facts.ts';
import type { Referral, Spell } from '../care/spells.ts';
import type { Journey } from '../family/journeys.ts';
import type { Edge } from '../family/relate.ts';
import type { Held } from '../safety/held.ts';
import { type Labels, strictest } from '../safety/labels.ts';
import type { Person } from '../who/charts.ts';

/** A family as it is understood: what every view of it is made of. */
export type Family = {
  key: Buffer;
  statements: StatementState[];
  persons: Person[];
  personOf: (key: string | null) => Person | undefined;
  /** Two persons who may be one infant. */
  mayBe: (one: Person, other: Person) => boolean;
  /** Two persons who may be one mother. */
  mayBeMother: (one: Person, other: Person) => boolean;
  edges: Edge[];
  /** Of a newborn's mother, said by who was not there: no edge yet. */
  awaited: Pick<Edge, 'parent' | 'child'>[];
  spells: Spell[];
  referrals: Referral[];
  /** Who is under a safety hold, or `held` as by one since a label restricts them, or they are placed. */
  held: Held;
  labels: Labels;
  /** Children who live apart from their birth family. */
  away: ReadonlySet<Person>;
  /** Who holds parental responsibility for a child, as extensions of its Patient. */
  parentalOf: (person: Person) => Extension[];
  /** What patients say is not right: `Type/id`, a Patient by its charts. */
  disputed: ReadonlySet<string>;
  /** How people are reached safely. */
  contactOf: (person: Person) => SafeContact | null;
  /** By its id, a statement it was made of, or its referral. */
  spellOf: Map<string, Spell>;
  journeys: Journey[];
  /** The journey that a spell, referral or encounter belongs to, by its id. */
  homeOf: (care: string) => Journey | undefined;
  /** Why contacts stop, and who was told, by person: the state of its view (stops.ts). */
  stops: Map<string, string>;
  /** Planned contacts that are to stop, by key, each its own service's to verify. */
  stopped: Set<string>;
  /** Tasks of one owner each, among them those of who is to verify a death that may not have been. */
  prompts: View[];
  stored: StoredView[];
  /** ISO instant as of which it is computed. */
  asOf: string;
};

type Sealing = Pick<Family, 'homeOf' | 'labels'>;

/** Whose some care is, sealed where its journey is, and as its label restricts it. */
export const sourceOf = (family: Sealing, id: string, source: CareSource): CareSource =>
  narrowed(family, { id, keys: [id] }, source);

function narrowed({ homeOf, labels }: Sealing, { id, keys }: Pick<Spell, 'id' | 'keys'>, source: CareSource) {
  const labelled = strictest(labels, keys);
  const isSealed = homeOf(id)?.sealed || labelled?.label === 'very-restricted';
  return {
    ...source,
    ...(isSealed ? { sealed: true as const } : {}),
    ...(labelled ? { patientOf: labelled.person } : {}),
  };
}

/** Who asked for care that is sealed is its author, too. */
export function sourceOfSpell(family: Sealing & Pick<Family, 'referrals'>, spell: Spell): CareSource {
  const { service, services, referral } = spell;
  const asked = family.referrals.find(({ key }) => key === referral)?.author.service;
  const source = narrowed(family, spell, { service, authors: services });
  return source.sealed && asked ? { ...source, authors: [...new Set([...services, asked])].sort() } : source;
}

/** Care by whose it is, in an order that does not depend on arrival. */
export function distinct(care: CareSource[]): CareSource[] {
  const byName = new Map(
    care.map((one) => [[one.service, [...one.authors].sort(), one.sealed, one.patientOf].join(' '), one]),
  );
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

type Made = Omit<View, 'state' | 'sources'> & Partial<Pick<View, 'state' | 'sources'>>;
export const view = (made: Made): View => ({
  ...made,
  state: made.state ?? null,
  sources: made.sources ?? null,
});

/** Of a view: who of its persons is held. */
export function heldAmong({ held }: Family, persons: string[]): { held?: string[] } {
  const found = [...held.held].map(({ id }) => id).filter((id) => persons.includes(id));
  return found.length > 0 ? { held: found.sort() } : {};
}
