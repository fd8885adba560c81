import type { Rule, Statement } from '../../map/language/mapping-file.ts';
import type { Path } from '../../map/language/yaml-file.ts';

/** A rule, one of its alternatives, a copied element or a whole statement: what an example can make fire. */
export type Listed = { path: Path; what: string };

export function listRules(rules: Rule[], path: Path): Listed[] {
  return rules.flatMap((rule, index) => {
    const at = [...path, index];
    const { first = [] } = rule;
    const alternatives = first.map((one, of) => ({
      path: [...at, 'first', of],
      what: `${rule.to}, ${describe(one)}`,
    }));
    return [
      { path: at, what: `${rule.to}${describe(rule) && `, ${describe(rule)}`}` },
      ...alternatives,
      ...listRules(rule.rules ?? [], [...at, 'rules']),
    ];
  });
}

export function listStatement({ local, copy = [], rules = [] }: Statement, path: Path): Listed[] {
  return [
    { path, what: `statement ${local}` },
    ...copy.map((name, index) => ({ path: [...path, 'copy', index], what: `${local}: copy ${name}` })),
    ...listRules(rules, [...path, 'rules']).map(({ path: at, what }) => ({
      path: at,
      what: `${local}: ${what}`,
    })),
  ];
}

const KEYS = ['each', 'from', 'value', 'template', 'ref', 'expr', 'hook', 'use', 'when'] as const;

function describe(rule: Partial<Rule>): string {
  return KEYS.flatMap((key) => (rule[key] === undefined ? [] : `${key} ${textOf(rule[key])}`)).join(', ');
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
