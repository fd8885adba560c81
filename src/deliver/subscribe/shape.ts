/** The form of a Subscription: which JSON type each element has that is read of it. */
import { z } from 'zod';
import { Rejected } from '../../errors.ts';
import type { Issue } from '../../model.ts';

const extensionList = z.array(
  z.looseObject({
    url: z.string(),
    valueString: z.string().optional(),
    valueCode: z.string().optional(),
    valueCoding: z.looseObject({ system: z.string().optional(), code: z.string().optional() }).optional(),
  }),
);
const some = z.string().optional();
const extensions = z.looseObject({ extension: extensionList.optional() }).optional();
/**
 * Within what a store and every reader of it hold: an offset may put the first and last years into another
 * one.
 */
const instant = z.iso.datetime({ offset: true }).refine((text) => {
  const year = new Date(text).getUTCFullYear();
  return year >= 1900 && year <= 9999;
}, 'no such time');
const Shape = z.looseObject({
  resourceType: z.literal('Subscription'),
  id: some,
  meta: z.looseObject({ versionId: some, lastUpdated: some, source: some }).optional(),
  language: some,
  text: z.looseObject({ status: z.string(), div: z.string() }).optional(),
  contact: z.array(z.looseObject({ system: some, value: some, use: some })).optional(),
  error: some,
  extension: extensionList.optional(),
  status: z.enum(['requested', 'active', 'error', 'off']).default('requested'),
  reason: z.string().min(1).default('updates of the families in our care'),
  criteria: z.string(),
  _criteria: extensions,
  end: instant.optional(),
  channel: z.looseObject({
    type: z.string(),
    _type: extensions,
    endpoint: z.string().max(2_000),
    payload: z.string(),
    _payload: extensions,
    header: z.array(z.string().max(4_000)).max(20).optional(),
    extension: extensionList.optional(),
  }),
});
export type Shape = z.infer<typeof Shape>;

/** Throws Rejected(400), each issue naming its element, where it is no Subscription at all. */
export function readShape(body: unknown): Shape {
  const parsed = Shape.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Rejected(400, parsed.error.issues.map(shapeIssue));
}

function shapeIssue({ path, message }: z.core.$ZodIssue): Issue {
  const expression = ['Subscription', ...path].reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${String(step)}` : String(step),
    '',
  );
  return { severity: 'error', code: 'structure', expression, text: message };
}
