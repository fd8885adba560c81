import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Priority, PromptRules } from '../../model.ts';
import { readPolicyFile } from './policy-file.ts';

const Days = z.int().min(0).max(3650);
const Sectors = z.array(z.string()).min(1);
const Limits = { routine: Days, urgent: Days, asap: Days, stat: Days } satisfies Record<Priority, unknown>;
const SERVICE = /^[A-Z0-9]+\|.+$/;

const Rule = z.discriminatedUnion('code', [
  z.strictObject({
    code: z.literal('referral-unanswered'),
    answerWithinDays: z.strictObject(Limits),
    services: z.record(
      z.string().regex(SERVICE, 'a service is named by ODS|team'),
      z.strictObject(Limits).partial(),
    ),
  }),
  z.strictObject({
    code: z.literal('hand-over'),
    months: z.array(z.int().min(1).max(23)).min(1),
    sectors: Sectors,
    ofMother: z.array(z.string()),
  }),
  z.strictObject({ code: z.literal('parent-in-view'), sectors: Sectors, afterDays: Days }),
  z.strictObject({
    code: z.literal('how-is-the-baby'),
    sectors: Sectors,
    everyDays: Days.min(1),
    systemWithinDays: Days,
    focus: z.array(z.enum(['parent', 'infant', 'relationship', 'together'])).min(1),
  }),
  z.strictObject({
    code: z.literal('every-prompt'),
    perOwnerPerDay: z.int().min(1),
    switchOff: z.strictObject({ share: z.number().gt(0).lte(1), atLeast: z.int().min(1) }),
  }),
  z.strictObject({ code: z.literal('partner-offer'), sectors: Sectors, quietDays: Days }),
  z.strictObject({ code: z.literal('talk-before-reassessing'), withinDays: Days, forDays: Days }),
]);

/** Reads one rule of prompts. Throws one Error naming file and line of everything wrong with it. */
export function parsePromptRule(text: string, file: string): PromptRules {
  const { code, ...rule } = readPolicyFile(Rule, text, file);
  return { [code]: rule };
}

const FOLDER = new URL('../../../policy/prompts/', import.meta.url);

/** All that ship. A code that two files have is an error of the second. */
function readRules(): PromptRules {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  const rules: PromptRules = {};
  for (const name of files.sort()) {
    const file = `policy/prompts/${name}`;
    const rule = parsePromptRule(readFileSync(new URL(name, FOLDER), 'utf8'), file);
    const twice = Object.keys(rule).find((code) => code in rules);
    if (twice) throw new Error(`${file}:1: ${twice} has a rule already`);
    Object.assign(rules, rule);
  }
  return rules;
}

/** The rules of this installation; the pure `link` is given them. */
export const PROMPTS: PromptRules = readRules();
