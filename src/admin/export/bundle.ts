/** The copy as FHIR: a collection of what was said, by whom (Provenance), and who was told (AuditEvent). */
import type { AuditEvent, Bundle, Provenance, Resource } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { DISCLOSURE_BASIS } from '../../fhir/systems.ts';
import type { Copy, Said } from './gather.ts';
import type { Telling } from './tellings.ts';

type Place = { base: string; key: Buffer };

/** `base`: the URL that ids are of. The same copy gives the same bytes. */
export function bundleOf(copy: Copy, { base, key }: Place): Bundle {
  const { person, self, charts, care, agreements, services, tellings } = copy;
  const said: Said<Resource>[] = [...charts, ...care, ...agreements];
  const idFor = (...parts: string[]) => keyedId(key, 'export', person, ...parts);
  const resources: Resource[] = [
    self,
    ...charts.map(({ resource }) => ({
      ...resource,
      link: [{ other: { reference: `Patient/${person}` }, type: 'seealso' as const }],
    })),
    ...[...care, ...agreements].map(({ resource }) => resource),
    ...said.flatMap((one) => provenanceOf(one, idFor)),
    ...[...services.values()],
    ...tellings.map((one, place) => auditOf(one, person, idFor('told', String(place)))),
  ];
  return {
    ...{ resourceType: 'Bundle', type: 'collection', timestamp: copy.at.toISOString() },
    entry: resources.map((resource) => ({
      fullUrl: `${base}/${resource.resourceType}/${resource.id}`,
      resource,
    })),
  };
}

/** Each author is the controller of what it said: its Organization has the code of that. */
function provenanceOf(
  { resource, by, at }: Said<Resource>,
  idFor: (...parts: string[]) => string,
): Provenance[] {
  if (at === null || by.length === 0) return [];
  const target = [{ reference: `${resource.resourceType}/${resource.id}` }];
  const agent = by.map((service) => ({ who: { reference: `Organization/${service}` } }));
  const id = idFor('said', resource.resourceType, resource.id ?? '');
  return [{ resourceType: 'Provenance', id, target, recorded: at.toISOString(), agent }];
}

/** By day: at what time of it is nobody's to reckon with. */
function auditOf({ day, service, what, basis, policy }: Telling, person: string, id: string): AuditEvent {
  return {
    ...{ resourceType: 'AuditEvent', id },
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    recorded: `${day}T00:00:00Z`,
    ...(basis ? { purposeOfEvent: [{ coding: [{ system: DISCLOSURE_BASIS, code: basis }] }] } : {}),
    agent: [
      {
        ...{ who: { reference: `Organization/${service}` }, requestor: true },
        ...(policy ? { policy: [`https://skein.example/fhir/sharing-policy#${policy}`] } : {}),
      },
    ],
    source: { observer: { display: 'Skein' } },
    entity: [{ what: { reference: `Patient/${person}` } }, { name: what }],
  };
}
