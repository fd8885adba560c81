/** What the mapping.yaml and source.yaml of a dialect may say: a mapping that extends another, and holds only
 * what differs from it (docs/mapping.md). */
import { z } from 'zod';
import { MappingFile, Rule, Statement } from './mapping-file.ts';
import { SourceType } from './source-type.ts';

const names = z.array(z.string().min(1));

const DialectStatement = Statement.partial({ resource: true }).extend({
  local: Statement.shape.local.describe('that of a statement of the base, else a new one'),
  rules: z.array(Rule).optional().describe('each replaces what the base has for the same `to`, or is added'),
  add: z.array(Rule).optional().describe('rules beside those that the base has for the same `to`'),
  drop: names.optional().describe('`to` of rules of the base that do not hold here'),
});
export type DialectStatement = z.infer<typeof DialectStatement>;

const { name, version } = MappingFile.shape;
export const DialectFile = MappingFile.partial().extend({
  name,
  version,
  extends: z.string().min(1).describe('the mapping that this one differs from'),
  drop: names.optional().describe('statements of the base by their `local`, checks by their text'),
  statements: z.array(DialectStatement).optional(),
});
export type DialectFile = z.infer<typeof DialectFile>;

const texts = z.record(z.string(), z.string());
const lists = z.record(z.string(), z.array(z.string()));

/** Without `format`, which is the base's: every part adds to that of the base. */
export const DialectSource = z.strictObject({
  messages: lists.optional().describe('HL7 v2: trigger events that are taken, too'),
  types: lists.optional(),
  segments: z.record(z.string(), texts).optional(),
  resources: z.array(z.string()).optional(),
  elements: texts.optional(),
  columns: z
    .record(z.string(), z.strictObject({ type: SourceType.optional(), aliases: names.optional() }))
    .optional(),
  fields: z.record(z.string(), z.json()).optional(),
  tables: z.record(z.string(), z.json()).optional(),
  ignored: texts.optional().describe('fields that no rule reads on purpose, each with the reason'),
});
