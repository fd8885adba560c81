/**
 * What was told as AuditEvents, in the shapes of IHE's Basic Audit Log Patterns:
 * https://profiles.ihe.net/ITI/BALP/
 */
import type { AuditEvent, AuditEventAgent, AuditEventEntity, Coding } from '@medplum/fhirtypes';
import { DISCLOSURE_BASIS } from '../fhir/systems.ts';
import type { Disclosure } from './who.ts';

const coding = (system: string, code: string): Coding => ({ system, code });
const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const EVENT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const INTERACTION = 'http://hl7.org/fhir/restful-interaction';
const ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const SOURCE_TYPE = 'http://terminology.hl7.org/CodeSystem/security-source-type';
const USER = coding('https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes', 'UserOauthAgent');
const JOB_ROLE = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName';
const SKEIN_WAY = 'https://skein.example/fhir/CodeSystem/audit-way';
const POLICY = 'https://skein.example/fhir/sharing-policy';

/** By what FHIR calls it: code of the interaction, and what is done with the record. */
const WAYS: Record<string, [string, AuditEvent['action']]> = {
  read: ['read', 'R'],
  vread: ['vread', 'R'],
  history: ['history-instance', 'R'],
  search: ['search-type', 'E'],
  create: ['create', 'C'],
  update: ['update', 'U'],
  delete: ['delete', 'D'],
};

/** One of `id`, a uuid; `patient`: whom it was asked for. */
export function auditEventOf(told: Disclosure, { id, patient }: { id: string; patient: string }): AuditEvent {
  const { at, kind, way, outcome, basis } = told;
  const [code, action] = WAYS[way] ?? ['operation', 'E'];
  const isAnswer = ['read', 'change', 'refusal'].includes(kind);
  return {
    resourceType: 'AuditEvent',
    id,
    type: isAnswer ? coding(EVENT_TYPE, 'rest') : coding(DCM, kind === 'notification' ? '110106' : '110110'),
    subtype: [isAnswer && way in WAYS ? coding(INTERACTION, code) : coding(SKEIN_WAY, way)],
    action: isAnswer ? action : kind === 'notification' ? 'R' : 'U',
    recorded: new Date(at).toISOString(),
    outcome: kind === 'refusal' ? '4' : '0',
    outcomeDesc: outcome,
    ...(basis ? { purposeOfEvent: [{ coding: [coding(DISCLOSURE_BASIS, basis)] }] } : {}),
    agent: [clientOf(told), ...userOf(told)],
    source: { observer: { display: 'Skein' }, type: [coding(SOURCE_TYPE, '4')] },
    entity: [personOf(patient), ...dataOf(told), ...requestOf(told)],
  };
}

/** Whoever of the two decided to ask: the person, where there is one. */
function clientOf({ system, service, by, policy, human }: Disclosure): AuditEventAgent {
  return {
    type: { coding: [coding(DCM, '110153')] },
    who: { display: [system ?? by ?? 'operator', service].filter(Boolean).join(', ') },
    requestor: human === null,
    ...(policy ? { policy: [`${POLICY}#${policy}`] } : {}),
  };
}

/** https://profiles.ihe.net/ITI/BALP/StructureDefinition-IHE.BasicAudit.OAUTHaccessTokenUse.Minimal.html */
function userOf({ human }: Disclosure): AuditEventAgent[] {
  if (human === null) return [];
  const { issuer, subject, role, organisation } = human;
  const who = { identifier: { system: issuer, value: subject }, display: `of ${organisation}` };
  return [{ type: { coding: [USER] }, who, role: [{ coding: [coding(JOB_ROLE, role)] }], requestor: true }];
}

const personOf = (patient: string): AuditEventEntity => ({
  what: { reference: `Patient/${patient}` },
  type: coding(ENTITY_TYPE, '1'),
  role: coding(ROLE, '1'),
});

/** Of a search only how many: its answer may be of several types. */
function dataOf({ kind, way, type, ids }: Disclosure): AuditEventEntity[] {
  const data = { type: coding(ENTITY_TYPE, '2') };
  const isOne = type !== null && ids.length === 1 && !(way === 'search' && kind !== 'refusal');
  if (isOne) return [{ ...data, what: { reference: `${type}/${ids[0]}` }, role: coding(ROLE, '4') }];
  const detail = [{ type: 'count', valueString: String(ids.length) }];
  return [{ ...data, role: coding(ROLE, '24'), ...(type ? { name: type } : {}), detail }];
}

const requestOf = ({ request }: Disclosure): AuditEventEntity[] =>
  request === null
    ? []
    : [
        {
          what: { identifier: { value: request } },
          type: coding('https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', 'XrequestId'),
        },
      ];
