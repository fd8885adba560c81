import { hash } from 'node:crypto';
import type {
  EpisodeOfCare,
  Identifier,
  Linkage,
  Patient,
  Reference,
  RelatedPerson,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { keyedId } from '../fhir/ids.ts';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { idOf, renameReferences, subjectOf } from '../fhir/references.ts';
import { ID_IN_MESSAGE, NHS_NUMBER, RESOURCE_ID } from '../fhir/systems.ts';
import type { Issue, SourceRecord, Statement } from '../model.ts';
import type { IdentifiedRecord, IdentifiedStatement } from '../store/facts.ts';
import { parentClaim } from './family/relationships.ts';
import { normaliseName } from './who/names.ts';

const VERIFIED = new Set(['01', 'number-present-and-verified']);
const VERIFICATION = /NHSNumberVerificationStatus(-1)?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Scope = { key: Buffer; systemId: number; receivedAt: Date };

/**
 * Gives every statement of a record its keys: its own (sender + type + business identifier), its person's, and the second one it may
 * be found by. Keys are keyed hashes, so nothing here is a readable identifier. Pure.
 */
export function identifyRecord(
  record: SourceRecord,
  scope: Scope,
): { record: IdentifiedRecord; issues: Issue[] } {
  const content = hash('sha256', JSON.stringify(record.statements), 'hex').slice(0, 32);
  const keys = new Map(
    record.statements.map((statement) => [`#${statement.local}`, keyOf(statement, scope, content)]),
  );
  const types = new Map(
    record.statements.map((statement) => [`#${statement.local}`, statement.resource.resourceType]),
  );
  for (const statement of record.statements) {
    const chart = keys.get(subjectOf(statement.resource)?.reference ?? '');
    const { identifier, local, resource } = statement;
    const own = identifier !== undefined && !identifier.startsWith(`${ID_IN_MESSAGE}|`);
    if (!chart || own || resource.resourceType !== 'RelatedPerson') continue;
    // A relation without an identifier of its own is the n-th of its patient, so that a corrected message replaces it.
    keys.set(`#${local}`, keyedId(scope.key, 'RelatedPerson', chart, identifier ?? local));
  }
  const rename = (reference: string) => {
    const key = keys.get(reference);
    return key && `${types.get(reference)}/${key}`;
  };
  const quarantined = quarantine(record.statements);
  const issues: Issue[] = [];
  const said = record.statements.map((statement): IdentifiedStatement => {
    const resource = renameReferences(statement.resource, rename);
    const key = keys.get(`#${statement.local}`) as string;
    const shared = quarantined.has(statement.local);
    if (shared) issues.push(sharedNumber(statement));
    const given = shared ? null : givenKey(resource, record, scope);
    return {
      key,
      type: resource.resourceType,
      chart: resource.resourceType === 'Patient' ? key : (personKey(subjectOf(resource), scope) ?? key),
      ref: shared ? null : refOf(statement, record, scope, keys),
      ...(given ? { given } : {}),
      local: statement.local,
      nulls: statement.nulls ?? [],
      ...(statement.assumed ? { assumed: statement.assumed } : {}),
      content: resource,
    };
  });
  const saidAt = new Date(record.saidAt).toISOString();
  const statements = [...said, ...said.flatMap((one) => linkagesOf(one, scope))];
  const { position, mapping, mode, lineage } = record;
  // Within one second of the sender's clock what came later was said later, and so were later rows of a file.
  const place = position.replace(/\d+/g, (number) => number.padStart(8, '0'));
  const stamp = [saidAt, scope.receivedAt.toISOString(), place, content.slice(0, 16)].join('|');
  return {
    record: { position, saidAt, stamp, mapping, mode, statements, lineage },
    issues,
  };
}

/** Charts that their own sender merged (HL7 v2 A40, Patient.link): the second key leads to the chart that stands. */
function linkagesOf({ type, key, local, content }: IdentifiedStatement, scope: Scope): IdentifiedStatement[] {
  if (type !== 'Patient') return [];
  return ((content as Patient).link ?? []).flatMap(({ type: how, other }) => {
    const id = idOf(other.reference, 'Patient');
    if (!id || (how !== 'replaced-by' && how !== 'replaces')) return [];
    const [chart, ref] = how === 'replaced-by' ? [key, id] : [id, key];
    const item = [
      { type: 'historical' as const, resource: { reference: `Patient/${chart}` } },
      { type: 'source' as const, resource: { reference: `Patient/${ref}` } },
    ];
    const linkage: Linkage = { resourceType: 'Linkage', item };
    return [
      {
        key: keyedId(scope.key, 'Linkage', chart, ref),
        type: 'Linkage',
        chart,
        ref,
        local,
        nulls: [],
        content: linkage,
      },
    ];
  });
}

function keyOf(statement: Statement, { key, systemId }: Scope, content: string): string {
  const { resource, identifier, local } = statement;
  const type = resource.resourceType;
  if (!identifier) return keyedId(key, type, String(systemId), content, local);
  if (type !== 'Patient' || !identifier.startsWith(`${NHS_NUMBER}|`))
    return keyedId(key, type, String(systemId), identifier);
  // A number alone names a chart only together with the given name: one number on two people stays two charts, while a corrected
  // birth date is the same one.
  return keyedId(
    key,
    type,
    String(systemId),
    identifier,
    normaliseName(resource.name?.[0]?.given?.[0] ?? ''),
  );
}

/** Patients of the record whose number the record also gives for their parent: the mother's number on a baby. */
function quarantine(statements: Statement[]): Set<string> {
  const patients = statements.flatMap(({ resource, local }) =>
    resource.resourceType === 'Patient' ? [{ reference: `#${local}`, patient: resource }] : [],
  );
  const locals = new Set<string>();
  for (const { resource, local } of statements) {
    if (resource.resourceType !== 'RelatedPerson' || parentClaim(resource)?.parent !== 'related') continue;
    const self = patients.find(({ patient }) =>
      patient.link?.some((link) => link.other.reference === `#${local}`),
    );
    const number =
      (self && nhsNumber(self.patient)) ?? resource.identifier?.find(({ system }) => system === NHS_NUMBER);
    const child = patients.find(({ reference }) => reference === resource.patient.reference);
    if (child && number?.value && nhsNumber(child.patient)?.value === number.value)
      locals.add(child.reference.slice(1));
  }
  return locals;
}

function sharedNumber(statement: Statement): Issue {
  return {
    severity: 'warning',
    code: 'business-rule',
    expression: 'Patient.identifier',
    text: `the NHS number of ${statement.local} is also given for a relative of the patient: it is kept but identifies nobody`,
  };
}

function refOf(
  statement: Statement,
  record: SourceRecord,
  scope: Scope,
  keys: Map<string, string>,
): string | null {
  const { resource } = statement;
  switch (resource.resourceType) {
    case 'Patient': {
      const number = nhsNumber(resource);
      return number?.value && isVerified(number) ? numberKey(number.value, scope) : null;
    }
    case 'RelatedPerson':
      return relatedKey(statement, resource, record, scope, keys);
    case 'ServiceRequest':
      return referralKey((resource as ServiceRequest).identifier?.[0], scope);
    case 'EpisodeOfCare':
      return referralKey((resource as EpisodeOfCare).referralRequest?.[0]?.identifier, scope);
    default:
      return null;
  }
}

function relatedKey(
  statement: Statement,
  related: RelatedPerson,
  record: SourceRecord,
  scope: Scope,
  keys: Map<string, string>,
): string | null {
  const self = record.statements.find(
    ({ resource }) =>
      resource.resourceType === 'Patient' &&
      resource.link?.some((link) => link.other.reference === `#${statement.local}`),
  );
  if (self) return keys.get(`#${self.local}`) ?? null;
  const number = related.identifier?.find(
    ({ system, value }) => system === NHS_NUMBER && isValidNhsNumber(value ?? ''),
  );
  if (number?.value) return numberKey(number.value, scope);
  const local = related.identifier?.find(({ system, value }) => system !== NHS_NUMBER && value);
  return local
    ? keyedId(scope.key, 'Patient', String(scope.systemId), `${local.system ?? ''}|${local.value}`)
    : null;
}

/**
 * The person a subject reference names: a chart, a person id that Skein gave or else the sender's own, or an identifier (by a
 * conditional reference, too) still to be resolved.
 */
function personKey(reference: Reference | undefined, scope: Scope): string | undefined {
  const id = idOf(reference?.reference, 'Patient');
  if (id && UUID.test(id)) return id;
  if (id) return keyedId(scope.key, 'Patient', String(scope.systemId), `${RESOURCE_ID}|Patient/${id}`);
  const [, asked] = /^Patient\?identifier=([^&]+)$/.exec(reference?.reference ?? '') ?? [];
  const [, from, code] = /^([^|]*)\|(.+)$/.exec(asked ?? '') ?? [];
  const { system, value } =
    code === undefined ? (reference?.identifier ?? {}) : { system: from, value: code };
  if (!value) return undefined;
  if (system !== NHS_NUMBER)
    return keyedId(scope.key, 'Patient', String(scope.systemId), `${system ?? ''}|${value}`);
  return isValidNhsNumber(value) ? numberKey(value, scope) : undefined;
}

const numberKey = (number: string, scope: Scope) =>
  keyedId(scope.key, 'nhs-number', number.replace(/\s/g, ''));

function referralKey(identifier: Identifier | undefined, scope: Scope): string | null {
  return identifier?.value ? keyedId(scope.key, 'referral', identifier.system ?? '', identifier.value) : null;
}

function nhsNumber(patient: Patient): Identifier | undefined {
  return patient.identifier?.find(({ system }) => system === NHS_NUMBER);
}

/** In a delta, a valid number without its status is no news of that. */
function givenKey(resource: Resource, { mode }: SourceRecord, scope: Scope): string | null {
  const number = resource.resourceType === 'Patient' && mode === 'delta' ? nhsNumber(resource) : undefined;
  const silent = number && !number.extension?.some(({ url }) => VERIFICATION.test(url));
  return silent && isValidNhsNumber(number.value ?? '') ? numberKey(number.value ?? '', scope) : null;
}

/** Valid Modulus 11, no repeated digit, and said by the sender to be verified or traced. */
function isVerified(number: Identifier): boolean {
  const status = number.extension?.find(({ url }) => VERIFICATION.test(url))?.valueCodeableConcept?.coding;
  return isValidNhsNumber(number.value ?? '') && (status ?? []).some(({ code }) => VERIFIED.has(code ?? ''));
}

/** The identity keys of a record: what must be locked and looked up before anything is decided. */
export function keysOf(record: IdentifiedRecord | undefined): string[] {
  return [
    ...new Set(
      (record?.statements ?? []).flatMap(({ key, chart, ref }) => (ref ? [key, chart, ref] : [key, chart])),
    ),
  ];
}
