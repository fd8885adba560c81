/**
 * Care that its sender calls by nothing, neither an identifier nor an id. It is known by what it says, so
 * that it is the same when it is sent again.
 */
import type {
  CodeableConcept,
  Encounter,
  EpisodeOfCare,
  Observation,
  Reference,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { rangeOf } from '../../fhir/index-rows.ts';
import type { Statement } from '../../model.ts';

/**
 * `own`: the id of the sender's service, which is meant where none is named. `patientOf`: the key of whom it
 * is about; care of nobody who could be found again stays as it is.
 */
type Keying = { key: Buffer; own: string; patientOf: (statement: Statement) => string | undefined };

/** A second one that says the same in one message is a second one, also when that is sent again. */
export function keyUnnamed(statements: Statement[], keys: Map<string, string>, by: Keying): void {
  const seen = new Map<string, number>();
  for (const statement of statements) {
    const { identifier, local, resource } = statement;
    const apart = identifier === undefined ? toldApartBy(resource, by.own) : undefined;
    const patient = apart && by.patientOf(statement);
    if (!patient) continue;
    const name = keyedId(by.key, resource.resourceType, patient, ...apart);
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    keys.set(`#${local}`, before === 0 ? name : keyedId(by.key, name, String(before)));
  }
}

/**
 * What tells care apart from other care of its patient: an episode by its service and start (one that gives
 * none is the only such one), a contact by its service, start and kind, a referral by its two services, its
 * day and what is asked for. Undefined for resources of other types.
 */
function toldApartBy(resource: Resource, own: string): string[] | undefined {
  const service = (one: Reference | undefined) => one?.reference ?? `Organization/${own}`;
  switch (resource.resourceType) {
    case 'EpisodeOfCare': {
      const { managingOrganization, period } = resource as EpisodeOfCare;
      return [service(managingOrganization), timeOf(period?.start)];
    }
    case 'Encounter': {
      const { serviceProvider, period, class: kind, type } = resource as Encounter;
      return [
        service(serviceProvider),
        timeOf(period?.start),
        kind?.code ?? '',
        ...(type ?? []).map(codesOf),
      ];
    }
    case 'ServiceRequest': {
      const { requester, performer, authoredOn, code } = resource as ServiceRequest;
      const asked = (performer ?? []).map(service).sort();
      return [service(requester), timeOf(authoredOn), codesOf(code), ...asked];
    }
    case 'Observation': {
      const { code, effectiveDateTime } = resource as Observation;
      return [codesOf(code), timeOf(effectiveDateTime)];
    }
    default:
      return undefined;
  }
}

/** However it is written: an instant in UTC. */
const timeOf = (time = ''): string => rangeOf(time)?.low ?? time;

const codesOf = (concept: CodeableConcept | undefined): string =>
  (concept?.coding ?? []).map(({ system = '', code = '' }) => `${system}|${code}`).join() ||
  (concept?.text ?? '');
