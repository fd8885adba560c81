/** The mapping language (docs/mapping.md): what a mapping.yaml, a fragment and a source.yaml may say, before
 * anything is compiled. */
import { z } from 'zod';
import { SourceType } from './source-type.ts';
import { TablesFile } from './tables-file.ts';

const path = z.string().min(1);
const paths = z.union([path, z.array(path).min(1)]);

/** One value for one element: where it comes from, and how it becomes FHIR. Exactly one producer: from,
 * value, template, ref, expr or hook. */
const alternative = {
  from: paths.optional().describe('source path, or several: the first that carries data is taken'),
  value: z.json().optional().describe('constant; null empties the element'),
  template: z.string().optional().describe('text with {PATH} in it; nothing when any of them is empty'),
  ref: z.string().optional().describe('reference to another statement of this mapping, by its local name'),
  expr: z.string().optional().describe('FHIRPath over the present source node: where no plain path will do'),
  hook: z.string().optional().describe('function of hooks.ts beside the mapping: the last resort'),
  when: z
    .string()
    .optional()
    .describe(
      'condition: PATH, not PATH, PATH = x, PATH in (a, b), PATH known MAP, PATH longer 8, PATH is nhs-number, PATH is past; and, or',
    ),
  map: z.string().optional().describe('ConceptMap that translates the code'),
  unmapped: z
    .union([z.enum(['reject', 'keep-original']), z.strictObject({ fixed: z.string() })])
    .optional()
    .describe('what a code outside the ConceptMap becomes; mandatory with map'),
  as: z
    .enum(['service', 'compact', 'nhs-number', 'phone', 'email'])
    .optional()
    .describe(
      'service: the team behind a reference; compact: text without spaces; nhs-number: its ten digits; phone, email: nothing where it is none',
    ),
  assumed: z
    .literal(true)
    .optional()
    .describe(
      'a mandatory element that the message says nothing of: holds only while its sender has never said it',
    ),
  match: z
    .string()
    .refine(isPattern, 'not a regular expression')
    .optional()
    .describe('regular expression: only what its first group finds is taken'),
  warn: z.string().optional().describe('warning to the sender where this value is taken'),
  split: z.string().optional().describe('separator: one text becomes several values'),
  severity: z
    .literal('warning')
    .optional()
    .describe('a value that cannot be read is dropped with a warning, instead of holding the message'),
};

const Alternative = z.strictObject(alternative);

const RuleBase = z.strictObject({
  to: path.describe('target element, dotted; a step through a list means its first entry'),
  ...alternative,
  first: z
    .array(Alternative)
    .min(1)
    .optional()
    .describe('alternatives: the first that gives a value is taken'),
  each: path.optional().describe('source repetition: one new list entry for each, filled by rules or use'),
  use: z.string().optional().describe('fragment whose rules fill the element'),
  needs: z.array(path).optional().describe('elements without which the entry is dropped'),
  required: z.literal(true).optional().describe('an error when there is no value'),
});

export type Alternative = z.infer<typeof Alternative>;
export type Rule = z.infer<typeof RuleBase> & { rules?: Rule[] | undefined };
export const Rule: z.ZodType<Rule> = RuleBase.extend({
  get rules() {
    return z.array(Rule).min(1).optional().describe('rules whose targets are inside this element');
  },
});

const Identity = z.union([
  z.enum(['identifier', 'id', 'fullUrl', 'url']),
  z.strictObject({ system: z.string(), join: z.array(path).min(1) }),
]);

export const Statement = z.strictObject({
  local: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe('name that other rules reference; repetitions get -2, -3 …'),
  resource: z.string().describe('FHIR resource type'),
  each: path.optional().describe('source repetition: one resource for each'),
  when: z.string().optional(),
  identity: z
    .array(Identity)
    .optional()
    .describe('what says that two messages speak of the same resource: the first that is present'),
  names: z
    .array(Identity)
    .optional()
    .describe('all that other messages may call this referral, or the referral that this answers'),
  copy: z
    .array(z.string())
    .optional()
    .describe('FHIR sources: elements taken over as they are, references resolved'),
  use: z.string().optional().describe('fragment whose rules fill the resource, before its own'),
  rules: z.array(Rule).optional(),
});

/** http://hl7.org/fhir/R4/valueset-issue-type.html */
const ISSUE_TYPES = [
  'invalid structure required value invariant security login unknown expired forbidden',
  'suppressed processing not-supported duplicate multiple-matches not-found deleted too-long',
  'code-invalid extension too-costly business-rule conflict transient lock-error no-store',
  'exception timeout incomplete throttled informational',
].flatMap((names) => names.split(' '));

const Check = z.strictObject({
  each: path.optional(),
  when: z.string().describe('condition under which the issue is raised'),
  severity: z.enum(['error', 'warning', 'information']).default('error'),
  code: z.enum(ISSUE_TYPES).describe('FHIR issue type'),
  field: path.optional().describe('source path that the issue names'),
  text: z.string().describe('may hold {PATH}: only for codes, never for what identifies a person'),
});

const Repair = z.strictObject({
  at: path,
  match: z.string().refine(isPattern, 'not a regular expression').describe('regular expression'),
  with: z.string(),
});

function isPattern(text: string): boolean {
  try {
    return Boolean(new RegExp(text));
  } catch {
    return false;
  }
}

function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}

export const MappingFile = z.strictObject({
  name: z.string(),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  mode: z
    .enum(['delta', 'snapshot', 'cells'])
    .describe(
      'delta: what is absent is no news; cells: nor is an empty part of a name, an address or the telecoms; snapshot: it replaces what was said before',
    ),
  deltaWhen: z.string().optional().describe('condition under which one message of a snapshot is a delta'),
  zone: z
    .string()
    .refine(isZone, 'no such time zone')
    .default('Europe/London')
    .describe('time zone of times that name none'),
  saidAt: z.array(path).describe('when the sender says this was so: the first that is present'),
  dialects: z
    .record(z.string(), z.array(Repair))
    .default({})
    .describe('repairs by sender; `default` for all that name none'),
  checks: z.array(Check).default([]),
  statements: z.array(Statement).min(1),
});

export const FragmentFile = z.strictObject({
  name: z.string(),
  type: z.string().describe('FHIR type that the rules fill'),
  rules: z.array(Rule).min(1),
});

const Tree: z.ZodType<SourceTree> = z.lazy(() =>
  z.union([SourceType, z.record(z.string(), Tree), z.array(Tree).length(1)]),
);
export type SourceTree = string | { [name: string]: SourceTree } | SourceTree[];

/** Fields that no rule reads on purpose, each with the reason. */
const ignored = z.record(z.string(), z.string()).default({});

export const SourceFile = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal('hl7v2'),
    messages: z
      .record(z.string(), z.array(z.string()))
      .default({})
      .describe(
        'what is taken: trigger events (MSH-9.2) by message code (MSH-9.1); nothing listed means all',
      ),
    types: z.record(z.string(), z.array(z.string())).default({}),
    segments: z.record(z.string(), z.record(z.string(), z.string())),
    ignored: ignored.describe('PID-18, PID-11.9, CX.6 (that part of every CX), or a whole segment'),
  }),
  z.strictObject({
    format: z.literal('fhir'),
    resources: z.array(z.string()),
    ignored: ignored.describe('Patient.photo, or a whole type'),
  }),
  z.strictObject({
    format: z.literal('xml'),
    resources: z.array(z.string()),
    // Elements that the sent FHIR release has and R4 does not: `MessageHeader.event: Coding`.
    elements: z.record(z.string(), z.string()).default({}),
    ignored: ignored.describe('Patient.photo, or a whole type'),
  }),
  z.strictObject({
    format: z.literal('csv'),
    columns: z.record(
      z.string(),
      z.strictObject({ type: SourceType, aliases: z.array(z.string()).default([]) }),
    ),
    ignored,
  }),
  z.strictObject({ format: z.literal('json'), fields: z.record(z.string(), Tree), ignored }),
  TablesFile,
]);

export type MappingFile = z.infer<typeof MappingFile>;
export type Statement = MappingFile['statements'][number];
export type Check = MappingFile['checks'][number];
export type FragmentFile = z.infer<typeof FragmentFile>;
export type SourceFile = z.infer<typeof SourceFile>;
