/** Alert rules and the dashboard ask for what /metrics serves, and every alert says what to do. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { registry } from '../../src/observe/metrics.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import { testDatabase } from '../support/database.ts';

type Rule = { alert: string; expr: string; annotations: { summary: string; runbook: string } };
const rules = (
  parse(await readFile('deploy/alerts.yaml', 'utf8')) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(await readFile('deploy/grafana.json', 'utf8')) as {
  panels: { targets: { expr: string; legendFormat: string }[] }[];
};
const targets = panels.flatMap((panel) => panel.targets);
const asked = [...rules, ...targets].map(({ expr }) => expr);

type Metric = { name: string; type: string; labelNames?: string[] };
/** Of each name that is served, its labels. */
async function served(): Promise<Map<string, string[]>> {
  const { pool } = await testDatabase();
  const text = await readMetrics(pool);
  const names = new Map<string, string[]>();
  for (const { name, labelNames = [] } of registry.getMetricsAsArray() as unknown as Metric[]) {
    const base = name.replace(/_total$/, '');
    const type = new RegExp(`^# TYPE ${base} (\\w+)$`, 'm').exec(text)?.[1] ?? '';
    const ends = { counter: ['_total'], histogram: ['_bucket', '_count', '_sum'] }[type] ?? [''];
    expect(type, name).not.toBe('');
    for (const end of ends) names.set(base + end, [...labelNames, 'le', 'instance']);
  }
  return names;
}

/** Metrics of an expression, and the labels it asks of them. */
function readExpression(expr: string): { names: string[]; labels: string[] } {
  const matched = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label as string),
  );
  const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(/,\s*/));
  return { names: expr.match(/\bskein_\w+/g) ?? [], labels: [...matched, ...grouped] };
}

/** What of it is not there. */
function missing(expr: string, names: Map<string, string[]>): string[] {
  const read = readExpression(expr);
  const unknown = read.names.filter((name) => !names.has(name));
  const has = read.names.flatMap((name) => names.get(name) ?? []);
  return [...unknown, ...read.labels.filter((label) => !has.includes(label))];
}

test('every metric and label that they ask for is served', async () => {
  const names = await served();
  expect(asked.length).toBeGreaterThan(30);
  for (const expr of asked) {
    expect(readExpression(expr).names, expr).not.toEqual([]);
    expect(missing(expr, names), expr).toEqual([]);
  }
  for (const { expr, legendFormat } of targets)
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      expect(missing(`${expr} by (${label})`, names), legendFormat).toEqual([]);
  expect(missing('max by (colour) (skein_holds{cause="ours"}) + skein_nothing', names)).toEqual([
    'skein_nothing',
    'colour',
  ]);
});

test('every alert names a section that says what to do, and every section has its alert', async () => {
  const page = await readFile('docs/operations.md', 'utf8');
  const part = /^## When an alert rings\n(.*?)^## /ms.exec(page)?.[1] ?? '';
  const headings = [...part.matchAll(/^### (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  );
  const named = rules.map(({ annotations }) => annotations.runbook);
  expect(named.filter((runbook) => !headings.includes(runbook.replace('docs/operations.md#', '')))).toEqual(
    [],
  );
  expect(headings.filter((one) => !named.includes(`docs/operations.md#${one}`))).toEqual([]);
});
