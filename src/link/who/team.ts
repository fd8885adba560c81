/** What a message of one team of a feed is kept under: which word is whose. */
import { keyedId } from '../../fhir/ids.ts';
import type { Statement } from '../../model.ts';
import type { IdentifiedStatement } from '../../store/facts.ts';
import { CHART } from '../parts.ts';

/**
 * The team of its feed that a message is from; null (or absent) where its system sends for one service alone,
 * and `silent` where it does not say: then it moves no stay. `apart`: it is not the system's own service.
 */
export type Team = { service: string; apart: boolean } | 'silent';
/** `team` of the message that is being read. */
type Sayer = { key: Buffer; team?: Team | null };

/**
 * Of what is said of a person (their chart, their relatives) each team of a feed has its own, so that it
 * weighs what its team's word weighs. Charts of one `base` are one patient (src/link/who/one-feed.ts).
 */
export const teamKey = (base: string, { key, team }: Sayer): string =>
  team && team !== 'silent' && team.apart ? keyedId(key, 'of a team', base, team.service) : base;

/** Which team of its feed says it, and of which chart (of a chart: which patient of the system). */
export function teamOf({ team }: Sayer, chart: string): Pick<IdentifiedStatement, 'team'> {
  return team && team !== 'silent' ? { team: { service: team.service, chart } } : {};
}

/**
 * Whose chart it is about holds only until a team says so: who does not say which team it is moves no stay.
 */
export function assumedOf(
  { assumed, resource }: Statement,
  { team }: Sayer,
): Pick<IdentifiedStatement, 'assumed'> {
  const isCare = resource.resourceType !== 'Patient' && resource.resourceType !== 'RelatedPerson';
  const all = [...(assumed ?? []), ...(team === 'silent' && isCare ? [CHART, 'subject', 'patient'] : [])];
  return all.length > 0 ? { assumed: all } : {};
}
