/**
 * What a person agreed to, or refused, of the sharing of what is known of them:
 * https://hl7.org/fhir/R4/consent.html, as far as Skein decides by it. Codes, ids and days, and no text.
 */
import type { Consent } from '@medplum/fhirtypes';
import { z } from 'zod';
import { rejected } from '../errors.ts';
import { CATEGORIES, type Category } from '../model.ts';
import { type GivenBy, GivenByExtension, givenByExtension, readGivenBy } from './given-by.ts';
import { idOf } from './references.ts';
import { SHARING_CATEGORY } from './systems.ts';

/** Whom it is about is not its content: that may be another Patient by tomorrow. */
export type Said = {
  patient: string;
  status: 'active' | 'inactive';
  type: 'permit' | 'deny';
  /** Categories of the sharing table; all of them where none is named. */
  categories: Category[];
  /** Ids of services; any but the author where none is named. */
  services: string[];
  start?: string;
  end?: string;
  by: GivenBy;
};

/** Refusing these is to refuse content; the rest says that there is such a person and such care. */
const CONTENT: Category[] = ['REF', 'ENC', 'CLN', 'FRM'];
const NAMED: Record<string, Category[]> = {
  identification: [...CATEGORIES],
  content: CONTENT,
  ...Object.fromEntries(CATEGORIES.map((one) => [one, [one]])),
};

const Instant = z.iso.datetime({ offset: true }).or(z.iso.date());
const Coded = (system: string, codes: string[]) =>
  z.strictObject({
    coding: z.tuple([
      z.strictObject({ system: z.literal(system), code: z.enum(codes), display: z.string().optional() }),
    ]),
  });
const Reference = (types: string) =>
  z.strictObject({ reference: z.string().regex(new RegExp(`^(${types})/[0-9a-f-]{36}$`)) });

const Given = z.strictObject({
  resourceType: z.literal('Consent'),
  id: z.string().optional(),
  meta: z.unknown().optional(),
  extension: z.tuple([GivenByExtension]).optional(),
  status: z.enum(['active', 'inactive']),
  scope: Coded('http://terminology.hl7.org/CodeSystem/consentscope', ['patient-privacy']),
  category: z.array(z.unknown()).min(1),
  patient: Reference('Patient'),
  dateTime: Instant.optional(),
  provision: z.strictObject({
    type: z.enum(['permit', 'deny']),
    period: z.strictObject({ start: Instant.optional(), end: Instant.optional() }).optional(),
    actor: z
      .array(z.strictObject({ role: z.unknown(), reference: Reference('Organization|HealthcareService') }))
      .optional(),
    code: z.array(Coded(SHARING_CATEGORY, Object.keys(NAMED))).optional(),
  }),
});

/** Throws Rejected(422), naming the element: what is not understood could be what narrows it. */
export function readConsent(body: unknown): Said {
  const { data, error } = Given.safeParse(body);
  if (!data) {
    const [first] = error.issues;
    const expression = ['Consent', ...(first?.path ?? [])].join('.');
    throw rejected(422, 'business-rule', `${expression}: ${first?.message ?? 'is not understood'}`, {
      expression,
    });
  }
  const { status, patient, provision, extension } = data;
  const { type, period = {}, actor = [], code } = provision;
  const categories = code?.flatMap(({ coding: [{ code: name }] }) => NAMED[name] ?? []) ?? CATEGORIES;
  return {
    ...{ patient: patient.reference.split('/')[1] as string, status, type },
    categories: CATEGORIES.filter((one) => categories.includes(one)),
    services: actor.map(({ reference }) => reference.reference.split('/')[1] as string),
    ...(period.start ? { start: instantOf(period.start, 'T00:00:00Z') } : {}),
    ...(period.end ? { end: instantOf(period.end, 'T23:59:59.999Z') } : {}),
    by: readGivenBy(extension?.[0]),
  };
}

/** A day begins, or ends, in UTC. */
const instantOf = (text: string, time: string): string =>
  new Date(text.includes('T') ? text : text + time).toISOString();

const coded = (system: string, code: string) => ({ coding: [{ system, code }] });

/** As it is kept and given back: `author` is the service whose word it is. */
export function composeConsent(id: string, author: string, said: Said): Consent & { id: string } {
  const { patient, status, type, categories, services, start, end } = said;
  const extension = givenByExtension(said.by);
  const codes = categories.length === CATEGORIES.length ? ['identification'] : categories;
  return {
    ...{ resourceType: 'Consent', id, status },
    ...(extension.length > 0 ? { extension } : {}),
    scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [coded('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'INFA')],
    patient: { reference: `Patient/${patient}` },
    organization: [{ reference: `Organization/${author}` }],
    policyRule: coded(
      'http://terminology.hl7.org/CodeSystem/v3-ActCode',
      type === 'deny' ? 'OPTOUT' : 'OPTIN',
    ),
    provision: {
      type,
      ...(start || end ? { period: { ...(start ? { start } : {}), ...(end ? { end } : {}) } } : {}),
      ...(services.length > 0
        ? {
            actor: services.map((service) => ({
              role: coded('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'IRCP'),
              reference: { reference: `Organization/${service}` },
            })),
          }
        : {}),
      code: codes.map((code) => coded(SHARING_CATEGORY, code)),
    },
  };
}

/** Of one that was kept: what it says to one service at an instant, or null. */
export function consentFor(
  consent: Consent,
  { service, at }: { service: string; at: Date },
): { type: 'permit' | 'deny'; categories: Category[] } | null {
  const { provision, organization, status } = consent;
  const { period = {}, actor = [], code = [] } = provision ?? {};
  const isAuthor = organization?.some(({ reference }) => idOf(reference, 'Organization') === service);
  const isNamed = actor.some(({ reference }) => idOf(reference?.reference, 'Organization') === service);
  const concerns = actor.length > 0 ? isNamed : !isAuthor;
  const now = at.toISOString();
  const isNow = (period.start ?? '') <= now && now <= (period.end ?? '9999');
  if (status !== 'active' || !concerns || !isNow || !provision?.type) return null;
  const categories = code.flatMap(({ coding }) => NAMED[coding?.[0]?.code ?? ''] ?? []);
  return { type: provision.type, categories };
}
