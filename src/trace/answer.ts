/**
 * What the Personal Demographics Service answers, cut to what is looked at, and what follows of it.
 * https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
 */
import type { Patient } from '@medplum/fhirtypes';
import { z } from 'zod';
import { Rejected } from '../errors.ts';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { parseJson } from '../formats/json.ts';
import { isSamePerson } from './demographics.ts';

const Coded = z.object({ coding: z.array(z.object({ code: z.string() })).optional() });
const Extension = z.object({
  url: z.string(),
  valueCodeableConcept: Coded.optional(),
  get extension() {
    return z.array(Extension).optional();
  },
});
const PdsPatient = z.object({
  resourceType: z.literal('Patient'),
  id: z.string().refine(isValidNhsNumber),
  meta: z.object({ security: z.array(z.object({ code: z.string() })).optional() }).optional(),
  name: z
    .array(
      z.object({
        use: z.enum(['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden']).optional(),
        family: z.string().optional(),
        given: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  gender: z.enum(['male', 'female', 'other', 'unknown']).optional(),
  birthDate: z.string().optional(),
  address: z
    .array(
      z.object({
        use: z.enum(['home', 'work', 'temp', 'old', 'billing']).optional(),
        postalCode: z.string().optional(),
      }),
    )
    .optional(),
  deceasedDateTime: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d/)
    .optional(),
  extension: z.array(Extension).optional(),
});
export type PdsPatient = z.infer<typeof PdsPatient>;
const Searchset = z.object({
  resourceType: z.literal('Bundle'),
  entry: z
    .array(z.object({ search: z.object({ score: z.number() }).optional(), resource: PdsPatient }))
    .optional(),
});
const Problem = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z.array(z.object({ details: Coded.optional() })),
});
const Body = z.discriminatedUnion('resourceType', [PdsPatient, Searchset, Problem]);

/** `failed`: no answer that says anything; asked again. `refused`: it will not answer this question. */
export type PdsReply =
  | { kind: 'found'; patients: { patient: PdsPatient; score: number }[] }
  | { kind: 'none' | 'several' | 'invalidated' | 'refused' }
  | { kind: 'failed'; reason: string; retryAfterMs?: number };

export function readReply(status: number, text: string): PdsReply {
  const body = bodyOf(text);
  const code =
    body?.resourceType === 'OperationOutcome' ? body.issue[0]?.details?.coding?.[0]?.code : undefined;
  if (status === 404 && code === 'RESOURCE_NOT_FOUND') return { kind: 'none' };
  if (status === 404 && code === 'INVALIDATED_RESOURCE') return { kind: 'invalidated' };
  if (status === 400 && code !== undefined) return { kind: 'refused' };
  if (status !== 200) return { kind: 'failed', reason: `http-${status}` };
  if (code === 'TOO_MANY_MATCHES') return { kind: 'several' };
  if (body?.resourceType === 'Patient') return { kind: 'found', patients: [{ patient: body, score: 1 }] };
  if (body?.resourceType !== 'Bundle') return { kind: 'failed', reason: 'malformed' };
  const patients = (body.entry ?? []).map(({ search, resource }) => ({
    patient: resource,
    score: search?.score ?? 0,
  }));
  return patients.length === 0 ? { kind: 'none' } : { kind: 'found', patients };
}

function bodyOf(text: string): z.infer<typeof Body> | undefined {
  try {
    return Body.safeParse(parseJson(Buffer.from(text))).data;
  } catch (error) {
    if (error instanceof Rejected) return undefined;
    throw error;
  }
}

/**
 * What became of a question: `weak` scored too little, `differs` is somebody else by our own comparison,
 * `restricted` may not be found by others (sharing.md): of these nothing is kept.
 */
export type Unmatched = 'none' | 'several' | 'invalidated' | 'refused' | 'weak' | 'differs' | 'restricted';
export type Match = {
  number: string;
  /** The number that was asked for, where the record has another now. */
  replaced?: string;
  died?: { day: string; formal: boolean };
};

type Asked = { ours: Patient; number: string | undefined; minScore: number; asOf: string };

/** One confident answer, or why there is none. */
export function judge(reply: Exclude<PdsReply, { kind: 'failed' }>, asked: Asked): Match | Unmatched {
  if (reply.kind !== 'found') return reply.kind;
  const [one, ...others] = reply.patients;
  if (!one || others.length > 0) return 'several';
  const { patient, score } = one;
  if (!patient.meta?.security?.length || patient.meta.security.some(({ code }) => code !== 'U'))
    return 'restricted';
  if (score < asked.minScore) return 'weak';
  if (!isSamePerson(asked.ours, patient as Patient, asked.asOf)) return 'differs';
  const died = deathOf(patient);
  const replaced = asked.number !== undefined && asked.number !== patient.id ? asked.number : undefined;
  return { number: patient.id, ...(replaced ? { replaced } : {}), ...(died ? { died } : {}) };
}

const NOTICE = /DeathNotificationStatus$/;
/** 2: said by the registrar of deaths; 1: by a local organisation; U: taken back. */
function deathOf({ deceasedDateTime, extension }: PdsPatient): Match['died'] {
  const notice = extension?.find(({ url }) => NOTICE.test(url))?.extension;
  const status = notice?.flatMap(({ valueCodeableConcept }) => valueCodeableConcept?.coding ?? [])[0]?.code;
  if (deceasedDateTime === undefined || status === 'U') return undefined;
  return { day: deceasedDateTime.slice(0, 10), formal: status === '2' };
}
