/** Drafts rules for fields of a sender's own format that are recognised by name: a Patient, and of a referral
 * what a planned EpisodeOfCare needs. */
import type { MappingFile, Rule, SourceFile } from '../../map/language/mapping-file.ts';
import { findKnown, type KnownField, SEVERAL } from './find-known.ts';
import { readModel } from './known-names.ts';

/** Without a field for the referral's reference, ServiceRequest and EpisodeOfCare are left out: a later
 * change could not be matched to them. `restricted` labels every resource as restricted. */
export function draftStatements(
  name: string,
  source: SourceFile,
  restricted: boolean,
): Pick<MappingFile, 'saidAt' | 'statements'> {
  const { found, table } = findKnown(source);
  const fromOf = (...meanings: string[]) =>
    meanings.flatMap((meaning) => found.find((field) => field.meaning === meaning)?.from ?? [])[0];
  const [reference, person] = [fromOf('reference'), fromOf('person_id')];
  const inRow = table === undefined ? reference : undefined;
  const key = person ?? inRow ?? fromOf('nhs_number');
  const byReference = { system: `https://skein.example/Id/${name}-person`, join: [inRow ?? ''] };
  const identity = key && { identity: [!person && inRow ? byReference : ('identifier' as const)] };
  const check = { when: `not ${key}`, code: 'required', field: key, text: 'nothing says who it is about' };
  const { saidAt, statements } = readModel(name);
  return {
    saidAt: saidAt.flatMap((meaning) => fromOf(meaning) ?? []),
    ...(key && table === undefined && { checks: [check] }),
    statements: statements
      .filter(({ local }) => local === 'patient' || reference)
      .map(({ rules = [], ...statement }) => ({
        ...statement,
        ...(statement.local === 'patient' ? identity : table !== undefined && { each: table }),
        rules: rules.flatMap((rule) =>
          rule.to !== 'meta.security' ? fill(rule, found) : restricted ? [rule] : [],
        ),
      })),
  };
}

/** Replaces each meaning named in a rule by the fields that have it. A rule without a field is left out, and
 * so is an element left with constants only. */
function fill(rule: Rule, found: KnownField[]): Rule[] {
  const meaning = rule.each ?? rule.from;
  if (rule.rules && !meaning) {
    const rules = rule.rules.flatMap((inner) => fill(inner, found));
    return rules.some(({ value }) => value === undefined) ? [{ ...rule, rules }] : [];
  }
  if (!meaning) return [rule];
  const fields = found.filter((field) => field.meaning === meaning);
  return (SEVERAL.some((one) => one === meaning) ? fields : fields.slice(0, 1)).map(({ from, list }) => {
    const { each, split, ...rest } = rule;
    if (each) return list ? { ...rule, each: from } : inPlace(rest, from);
    return { ...rest, from, ...(split && !list && { split }) };
  });
}

/** Rewrites a rule for an entry of a list as a rule for the one field there is. */
const inPlace = (rule: Rule, from: string): Rule => ({
  ...rule,
  ...(rule.from === '.' && { from }),
  ...(rule.when && { when: rule.when.replace(/(?<!\S)\.(?= )/, from) }),
  ...(rule.rules && { rules: rule.rules.map((inner) => inPlace(inner, from)) }),
});
