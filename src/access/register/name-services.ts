import type { EpisodeOfCare, Resource, ServiceRequest } from '@medplum/fhirtypes';
import type { Context } from '../../context.ts';
import type { Issue, Service, SourceRecord } from '../../model.ts';
import { POLICY } from '../decide/policy.ts';
import { type Registered, registeredServices, resolveService } from './services.ts';

const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';
/** ODS code and team together: `RXX|team`. */
const SERVICE = 'https://skein.example/Id/service';

/** `issues`: what the sender should know of the services it named. */
type Named = { record: SourceRecord; issues: Issue[] };
type Logical = { identifier: { system: string; value: string } };

/**
 * A record whose logical service references (an ODS code, or ODS code and team) are references to services.
 * Done once, before the record is kept, so that later registrations do not change what a message meant.
 */
export async function nameServices(ctx: Context, said: SourceRecord, sender: Service): Promise<Named> {
  const record = {
    ...said,
    statements: said.statements.map((one) => ({ ...one, resource: nameSelf(one.resource, sender) })),
  };
  const names = new Map<string, string>();
  for (const { resource } of record.statements) collect(resource, names);
  for (const name of names.keys()) {
    const [ods = '', team] = name.split('|');
    names.set(name, (await resolveService(ctx.db, ctx.key, ods, team ?? null)).id);
  }
  const none = findNoCare(record, sender);
  if (names.size === 0) return { record, issues: none };
  const issues = [
    ...none,
    ...findUnheard(record, names, await registeredServices(ctx.db)),
    ...findOthersAnswers(record, names, sender),
  ];
  const statements = record.statements.map((statement) => ({
    ...statement,
    resource: replace(statement.resource, names),
  }));
  return { record: { ...record, statements }, issues };
}

/** What a commissioner sends as care is nobody's care: it must not think that anybody sees it. */
function findNoCare(record: SourceRecord, { sector }: Service): Issue[] {
  const care = record.statements.find(({ resource }) => CARE.includes(resource.resourceType));
  if (!care || !POLICY.givesNoCare.includes(sector ?? '')) return [];
  const text = `a service of the sector ${sector} gives no care: this is stored, and nobody else sees it`;
  const type = care.resource.resourceType;
  return [{ ...warning(record, care.local, `${type}.status`), code: 'business-rule', text }];
}

const CARE = ['EpisodeOfCare', 'Encounter', 'ServiceRequest'];

/**
 * A referral to a service that nobody registered is seen by nobody: whoever sent it must not think otherwise.
 */
function findUnheard(
  record: SourceRecord,
  names: Map<string, string>,
  registered: ReadonlyMap<string, Registered>,
): Issue[] {
  return record.statements.flatMap(({ local, resource }): Issue[] => {
    const performers = (resource as ServiceRequest).performer ?? [];
    if (resource.resourceType !== 'ServiceRequest') return [];
    return performers.filter(isService).flatMap(({ identifier: { value } }) => {
      if (registered.has(names.get(value) ?? '')) return [];
      const [ods] = value.split('|');
      const several = [...registered.values()].some((service) => service.ods === ods?.trim().toUpperCase());
      const why = several
        ? 'has several services here, or none of this name: name the team'
        : 'is not known here';
      const text = `${value} ${why}; the referral is stored, but no service sees it`;
      return [{ ...warning(record, local, 'ServiceRequest.performer'), code: 'not-found', text }];
    });
  });
}

/**
 * Only the service that was asked can answer a referral (src/link/care/spells.ts): a sender for another must
 * not think that it did.
 */
function findOthersAnswers(record: SourceRecord, names: Map<string, string>, sender: Service): Issue[] {
  const asksItself = record.statements.some(({ resource }) => resource.resourceType === 'ServiceRequest');
  return record.statements.flatMap(({ local, resource }): Issue[] => {
    const { managingOrganization: manager, referralRequest } = resource as EpisodeOfCare;
    if (asksItself || !referralRequest?.[0]?.identifier || !manager || !isService(manager)) return [];
    const { value } = manager.identifier;
    if (names.get(value) === sender.id) return [];
    const text = `${value} is not the sender, and only it can answer what it was asked: nothing comes of this answer`;
    return [{ ...warning(record, local, 'EpisodeOfCare.managingOrganization'), code: 'business-rule', text }];
  });
}

function warning({ lineage }: SourceRecord, local: string, expression: string): Omit<Issue, 'code' | 'text'> {
  const element = `${local}.${expression.split('.')[1]}`;
  const field = lineage.find((line) => line.element.startsWith(element))?.source;
  return { severity: 'warning', ...(field && { field }), expression };
}

/**
 * Who asks, who saw the patient, whose own episode it is: where a sender says so by its trust's code alone it
 * means its own team. Whom a referral is addressed to by that code is another matter: that team is not known.
 */
function nameSelf(resource: Resource, sender: Service): Resource {
  const element = SELF[resource.resourceType];
  const value =
    element && (resource as unknown as Record<string, Partial<Logical> | undefined>)[element]?.identifier;
  const referred = (resource as EpisodeOfCare).referralRequest?.[0]?.reference?.startsWith('#');
  if (!value || referred || value.system !== ODS_CODE || value.value !== sender.ods) return resource;
  return { ...resource, [element]: { reference: `Organization/${sender.id}` } };
}

const SELF: Record<string, string | undefined> = {
  ServiceRequest: 'requester',
  Encounter: 'serviceProvider',
  EpisodeOfCare: 'managingOrganization',
};

function isService(value: object): value is Logical {
  const { identifier } = value as Partial<Logical>;
  return identifier?.system === ODS_CODE || identifier?.system === SERVICE;
}

function collect(value: unknown, names: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (isService(value)) names.set(value.identifier.value, '');
  else for (const item of Object.values(value)) collect(item, names);
}

function replace<T>(value: T, names: Map<string, string>): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replace(item, names)) as T;
  if (isService(value)) return { reference: `Organization/${names.get(value.identifier.value)}` } as T;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replace(item, names)])) as T;
}
