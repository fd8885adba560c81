import { hash } from 'node:crypto';
import type { EpisodeOfCare, Patient, RelatedPerson, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { currentFirst } from '../fhir/current.ts';
import { keyedId } from '../fhir/ids.ts';
import { hasStatus, isValidNhsNumber, isVerified, nhsNumber } from '../fhir/nhs-number.ts';
import { idOf, renameReferences, subjectOf } from '../fhir/references.ts';
import { ID_IN_MESSAGE, NHS_NUMBER } from '../fhir/systems.ts';
import { normaliseName } from '../match/names.ts';
import type { Issue, SourceRecord, Statement } from '../model.ts';
import type { IdentifiedRecord, IdentifiedStatement } from '../store/facts.ts';
import { callOf, findUnheard, keyReferrals } from './care/called.ts';
import { keyUnnamed } from './care/unnamed.ts';
import { implicitChart, linkagesOf, onlyNamed, referredTo } from './who/implied.ts';
import {
  aliasesOf,
  claimKey,
  establishes,
  literalKey,
  meantBy,
  numberKey,
  ownKey,
  referralKey,
  type Scope,
} from './who/keys.ts';
import { mergedByNumber } from './who/merged.ts';
import { quarantine, sharedNumber } from './who/quarantine.ts';
import { identifySignal, UNHEEDED } from './who/signals.ts';
import { assumedOf, teamKey, teamOf } from './who/team.ts';

type Identified = { record: IdentifiedRecord; issues: Issue[] };

/**
 * Gives every statement of a record its keys: its own (sender + type + business identifier), its person's,
 * the second one it may be found by, and further ones. Whoever is only referred to becomes a chart that says
 * no more than the reference. Pure.
 */
export function identifyRecord(record: SourceRecord, scope: Scope): Identified {
  const content = hash('sha256', JSON.stringify(record.statements), 'hex').slice(0, 32);
  const keys = keysOfStatements(record, scope, content);
  const types = new Map(
    record.statements.map((statement) => [`#${statement.local}`, statement.resource.resourceType]),
  );
  const rename = (reference: string) => {
    const key = keys.get(reference);
    const id = idOf(reference, 'Patient');
    return key ? `${types.get(reference)}/${key}` : id && `Patient/${literalKey(id, scope)}`;
  };
  const quarantined = quarantine(record.statements);
  const issues: Issue[] = [];
  const said = record.statements.map((statement): IdentifiedStatement => {
    if (isSignal(statement)) return identifySignal(statement, scope);
    const merged = mergedByNumber(statement, scope);
    if (merged)
      return implicitChart({ ...merged, content: renameReferences(merged.content, rename) }, statement.local);
    const only = onlyNamed(statement, scope);
    if (only) return implicitChart(only, statement.local);
    const shared = quarantined.has(statement.local);
    if (shared) issues.push(sharedNumber(statement, record.lineage));
    const { ownId } = statement;
    const resource = {
      ...renameReferences(statement.resource, rename),
      ...(ownId === undefined ? {} : { id: ownId }),
    };
    const key = keys.get(`#${statement.local}`) as string;
    const ref = shared ? null : refOf(statement, record, scope, keys);
    const given = shared ? null : givenKey(resource, record, scope);
    const isPatient = resource.resourceType === 'Patient';
    const base = isPatient ? baseKeyOf(statement, scope, content) : key;
    const known = isPatient ? aliasesOf({ key, ref, content: resource as Patient }, scope) : [];
    const aliases = base === key ? known : [...new Set([...known, base])];
    const chart = isPatient ? key : chartOf(statement, keys, scope);
    return {
      key,
      type: resource.resourceType,
      chart,
      ref,
      ...(given ? { given } : {}),
      ...(aliases.length > 0 ? { aliases } : {}),
      local: statement.local,
      nulls: statement.nulls ?? [],
      ...teamOf(scope, isPatient ? base : chart),
      ...assumedOf(statement, scope),
      ...(statement.unlessKnown === undefined ? {} : { unlessKnown: statement.unlessKnown }),
      content: resource,
    };
  });
  const saidAt = new Date(record.saidAt).toISOString();
  const patients = new Set(said.flatMap(({ type, key }) => (type === 'Patient' ? key : [])));
  const meant = record.statements.flatMap((statement) =>
    isSignal(statement) ? [] : referredTo(statement, patients, scope),
  );
  if (record.statements.some(isSignal) && scope.weight?.contest !== 'everything') issues.push(UNHEEDED);
  issues.push(...findUnheard(record, scope));
  const statements = [...new Map(meant.map((one) => [one.key, one])).values(), ...said];
  const { position, mapping, mode, lineage } = record;
  // Within one second of the sender's clock what came later was said later, and so were later rows of a file.
  const place = position.replace(/\d+/g, (number) => number.padStart(8, '0'));
  const stamp = [saidAt, scope.receivedAt.toISOString(), place, content.slice(0, 16)].join('|');
  const linkages = said.flatMap((one) => linkagesOf(one, scope));
  const calls = said.flatMap((one, n) => callOf(one, record.statements[n]?.names, scope));
  const identified = { position, saidAt, stamp, mapping, mode, lineage };
  return { record: { ...identified, statements: [...statements, ...linkages, ...calls] }, issues };
}

const isSignal = ({ resource }: Statement): boolean => resource.resourceType === 'Basic';

function keysOfStatements(record: SourceRecord, scope: Scope, content: string): Map<string, string> {
  const keys = new Map(
    record.statements.map((statement) => [
      `#${statement.local}`,
      (mergedByNumber(statement, scope) ?? onlyNamed(statement, scope))?.key ??
        keyOf(statement, scope, content),
    ]),
  );
  for (const { identifier, local, resource } of record.statements) {
    if (resource.resourceType !== 'RelatedPerson') continue;
    const chart = keys.get(resource.patient.reference ?? '') ?? meantBy(resource.patient, scope)?.key;
    const own = identifier !== undefined && !identifier.startsWith(`${ID_IN_MESSAGE}|`);
    // A relation without an identifier of its own is the n-th of its patient, so that a corrected message
    // replaces it.
    if (chart && !own) keys.set(`#${local}`, keyedId(scope.key, 'RelatedPerson', chart, identifier ?? local));
    else if (own) keys.set(`#${local}`, teamKey(keys.get(`#${local}`) as string, scope));
  }
  keyUnnamed(record.statements, keys, {
    ...{ key: scope.key, own: scope.service ?? '' },
    patientOf: (one) => patientOf(one, record.statements, scope),
  });
  keyReferrals(record.statements, keys, { key: scope.key, chartOf: (one) => chartOf(one, keys, scope) });
  return keys;
}

/** Key of the patient that a statement is about, the same whichever team of a feed says it. */
function patientOf({ resource }: Statement, statements: Statement[], scope: Scope): string | undefined {
  const subject = subjectOf(resource);
  const patient = statements.find(({ local }) => `#${local}` === subject?.reference);
  return patient?.identifier ? baseKeyOf(patient, scope, '') : meantBy(subject, scope)?.key;
}

/** Key of the patient that a statement is about; its own where it names nobody. */
function chartOf({ resource, local }: Statement, keys: Map<string, string>, scope: Scope): string {
  const subject = subjectOf(resource);
  const key = keys.get(subject?.reference ?? '') ?? meantBy(subject, scope)?.key;
  return key ?? (keys.get(`#${local}`) as string);
}

function keyOf(statement: Statement, scope: Scope, content: string): string {
  const base = baseKeyOf(statement, scope, content);
  return statement.resource.resourceType === 'Patient' ? teamKey(base, scope) : base;
}

/** The same whichever team of a feed says it. */
function baseKeyOf(statement: Statement, scope: Scope, content: string): string {
  const { key, systemId } = scope;
  const { resource, identifier, local } = statement;
  const type = resource.resourceType;
  if (!identifier) return keyedId(key, type, String(systemId), content, local);
  if (type !== 'Patient' || !identifier.startsWith(`${NHS_NUMBER}|`))
    return keyedId(key, type, String(systemId), identifier);
  // A number alone names a chart only together with the given name: one number on two people stays two
  // charts, while a corrected birth date is the same one.
  return keyedId(
    key,
    type,
    String(systemId),
    identifier,
    normaliseName(currentFirst(resource.name ?? [])[0]?.given?.[0] ?? ''),
  );
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
      return number?.value && isVerified(number) ? claimKey(number.value, scope) : null;
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
  // Whose word establishes nobody reaches into no other family: it stays a suggestion.
  if (number?.value) return establishes(scope.weight) ? numberKey(number.value, scope.key) : null;
  const local = currentFirst(related.identifier ?? []).find(
    ({ system, value }) => system !== NHS_NUMBER && value,
  );
  return local ? ownKey(`${local.system ?? ''}|${local.value}`, scope) : null;
}

/** In a delta, a valid number without its status is no news of that. */
function givenKey(resource: Resource, { mode }: SourceRecord, scope: Scope): string | null {
  const number = resource.resourceType === 'Patient' && mode !== 'snapshot' ? nhsNumber(resource) : undefined;
  const silent = number && !hasStatus(number);
  return silent && isValidNhsNumber(number.value ?? '') ? claimKey(number.value ?? '', scope) : null;
}

/** The identity keys of a record: what must be locked and looked up before anything is decided. */
export function keysOf(record: IdentifiedRecord | undefined): string[] {
  return [
    ...new Set(
      (record?.statements ?? []).flatMap(({ key, chart, ref, aliases = [] }) => [
        key,
        chart,
        ...(ref ? [ref] : []),
        ...aliases,
      ]),
    ),
  ];
}
