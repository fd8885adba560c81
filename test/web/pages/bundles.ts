/** A journey as `$journey` gives it, with any words in any place where a sender's words can be. */
import type { Bundle, Resource, Task } from '@medplum/fhirtypes';
import type { Told } from '../../../src/web/pages/journey/given.ts';

const DAY_MS = 86_400_000;
export const NOW = new Date('2026-11-29T12:00:00Z');
export const ago = (days: number) => new Date(NOW.getTime() - days * DAY_MS).toISOString().slice(0, 10);

const STAGE = { coding: [{ code: 'birth-12m' }] };
const SAFE = 'https://skein.example/fhir/StructureDefinition/safe-contact';
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const named = (type: string, id: string, display: string) => ({ reference: `${type}/${id}`, display });

/** `say`: what is written in the place that has this name. */
export function journeyWith(say: (place: string) => string, more: Resource[] = []): Told {
  const who = (id: string) => named('Patient', id, say(`person ${id}`));
  const service = named('Organization', 's1', say('service'));
  const person = (id: string, born: string, rest: object): Resource => ({
    ...{ resourceType: 'Patient', id, birthDate: born },
    name: [{ family: say('family'), given: [say('given')] }],
    identifier: [{ system: NHS, value: say('number') }],
    ...rest,
  });
  const resources = [
    {
      ...{ resourceType: 'Group', id: 'g', type: 'person', actual: true },
      member: ['m', 'i', 'o'].map((id) => ({ entity: who(id) })),
      characteristic: [{ valueCodeableConcept: STAGE, period: { start: ago(90) } }],
    },
    person('m', '1995-01-01', {
      link: [{ other: named('RelatedPerson', 'r', say('relation')) }],
      telecom: [{ value: say('telecom'), use: say('use') }],
      address: [{ line: [say('line')], city: say('city'), postalCode: say('postcode') }],
      extension: [
        {
          url: SAFE,
          extension: [
            { url: 'how', valueCode: 'phone' },
            { url: 'name', valueString: say('name to ask for') },
            { url: 'route', valueContactPoint: { value: say('route') } },
            { url: 'said', valueDate: ago(1) },
          ],
        },
      ],
    }),
    person('i', ago(90), {}),
    person('o', '1993-01-01', {}),
    {
      resourceType: 'RelatedPerson',
      id: 'r',
      patient: who('i'),
      relationship: [{ coding: [{ code: 'MTH' }] }],
    },
    {
      ...{ resourceType: 'EpisodeOfCare', id: 'e', status: 'active', patient: who('m') },
      ...{ managingOrganization: service, period: { start: ago(60) } },
    },
    {
      ...{ resourceType: 'Encounter', id: 'c', status: 'finished', subject: who('m'), class: {} },
      ...{ serviceProvider: service, period: { start: ago(20) } },
    },
    {
      ...{ resourceType: 'ServiceRequest', id: 'q', status: 'active', intent: 'plan', subject: who('m') },
      ...{
        requester: service,
        performer: [named('Organization', 's2', say('receiver'))],
        authoredOn: ago(9),
      },
    },
    {
      resourceType: 'Composition',
      section: [
        {
          code: { coding: [{ code: 'open-referrals' }] },
          entry: [
            {
              ...named('ServiceRequest', 'q', say('referral')),
              extension: [{ valueDuration: { value: 9 } }],
            },
          ],
        },
      ],
    },
    ...more,
  ] as Resource[];
  const bundle: Bundle = {
    ...{ resourceType: 'Bundle', type: 'searchset' },
    entry: resources.map((resource) => ({ resource })),
  };
  const task = { resourceType: 'Task', id: 't', status: 'requested', intent: 'order', for: who('m') } as Task;
  const prompt: Task = {
    ...task,
    identifier: [{ system: 'https://skein.example/Id/prompt-occasion', value: 'x' }],
    code: { coding: [{ code: say('code') }] },
  };
  const duty = { phone: say('phone'), hours: say('hours'), confirmed: ago(100), isConfirmed: false };
  return {
    ...{ bundle, tasks: [prompt], now: NOW, service: 's1', seen: null },
    involved: [
      ...[{ person: 'Patient/m', service: 'Organization/s1', label: say('label'), first: ago(60) }].map(
        (one) => ({ ...one, last: undefined, goesOn: true, duty, disputed: '' }),
      ),
    ],
    why: new Map([
      [
        'EpisodeOfCare/e',
        {
          category: 'INV',
          level: 'F',
          standing: 'own',
          said: { by: 'Organization/s1', at: `${ago(1)}T10:00:00Z` },
        },
      ],
    ]),
  };
}
