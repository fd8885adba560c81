import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type Care, decide, type Grant, type Grants } from '../../src/access/decide/decide.ts';
import { POLICY, parsePolicy } from '../../src/access/decide/policy.ts';
import { widerSharing } from '../../src/access/decide/widen.ts';
import { CATEGORIES } from '../../src/model.ts';
import { EXPECTED, REFUSED } from './table.ts';

const PERSON = 'person';

function standing(sector: string | null, grant: Grant): Grants {
  const persons = new Map([[PERSON, grant]]);
  return { everything: false, service: 'service', sector, persons, services: new Map(), at: new Date() };
}

const own = (care: Care): Grant => ({ care, roles: [] });
const as = (role: 'mother' | 'partner' | 'infant'): Grant => ({
  care: null,
  roles: [{ journey: 'journey', role }],
});

describe('every cell of the sharing table', () => {
  it('has a row for every sector and no other', () => {
    const sectors = new Set(EXPECTED.map(({ sector }) => sector));
    expect([...POLICY.rows.keys()].sort()).toEqual([...sectors].sort());
    expect(EXPECTED).toHaveLength(sectors.size * CATEGORIES.length * 4);
  });

  it.each(EXPECTED)('$sector $category $column is $level (with own agreement: $agreement)', (cell) => {
    const { sector, category, column, level, agreement } = cell;
    const stored = POLICY.rows.get(sector)?.cells[category];
    expect(stored?.[column]).toBe(level);
    if (column === 'own') expect(stored?.agreement).toBe(agreement);
    const grant = column === 'own' ? own('open') : as(column);
    // Agreement cannot be recorded yet, so what needs it is not given.
    expect(decide(standing(sector, grant), category, PERSON)).toBe(agreement ? '-' : level);
  });

  it.each(REFUSED)('the sector %s has no row and is refused', (sector) => {
    expect(POLICY.refusedSectors).toContain(sector);
    for (const category of CATEGORIES)
      expect(decide(standing(sector, own('open')), category, PERSON)).toBe('-');
  });

  it('keeps the payload ceilings of ground rule 6', () => {
    const ceilings = Object.fromEntries(
      Object.entries(POLICY.payloads).map(([group, { ceiling }]) => [group, ceiling]),
    );
    expect(ceilings).toEqual({
      'statutory-health': 'id-only',
      'social-care': 'empty',
      hub: 'empty',
      'third-sector': 'empty',
      'aggregates-only': 'empty',
    });
    const approvable = Object.entries(POLICY.payloads).flatMap(([group, { approved }]) =>
      approved ? [group] : [],
    );
    expect(approvable).toEqual(['statutory-health']);
  });

  it('keeps the figures and lists of the programme', () => {
    expect(POLICY.closedCareDays).toBe(90);
    expect(POLICY.serviceKinds).toHaveLength(30);
    expect(POLICY.serviceKinds).toContain('peer-support');
  });
});

describe('a policy file that is wrong', async () => {
  const text = await readFile(new URL('../../policy/sharing.yaml', import.meta.url), 'utf8');
  const lineOf = (part: string) => text.split('\n').findIndex((line) => line.includes(part)) + 1;
  const parse = (from: string, to: string) => () => parsePolicy(text.replace(from, to), 'policy.yaml');

  it('is refused with file and line where a cell has a level that does not exist', () => {
    expect(parse('INV: F/E/-/S', 'INV: F/X/-/S')).toThrow(
      `policy.yaml:${lineOf('INV: F/E/-/S')}: rows.0.cells.INV`,
    );
  });

  it('is refused where it opens the partner column', () => {
    expect(parse('INV: F/E/-/S', 'INV: F/E/E/S')).toThrow('P always -');
  });

  it('is refused where a category is missing, naming the row that lacks it', () => {
    expect(parse('      SAF: S/E/-/S\n', '')).toThrow(/policy\.yaml:\d+: rows\.0\.cells\.SAF/);
  });

  it('is refused where a sector comes twice or is never registered', () => {
    expect(parse('sectors: [maternity-mh]', 'sectors: [specialist-perinatal]')).toThrow('has a row already');
    expect(parse('sectors: [maternity-mh]', 'sectors: [police]')).toThrow('police is refused');
  });

  it('is refused where somebody would be told on no basis in law, naming whom', () => {
    const baseless = (name: string) =>
      parse(new RegExp(`\\n  ${name}:\\n    code: .*\\n    law: .*`).exec(text)?.[0] ?? '?', '');
    expect(baseless('hub')).toThrow(`policy.yaml:${lineOf('[family-hub,') - 3}: no basis for family-hub`);
    expect(baseless('subject')).toThrow(/^policy\.yaml:\d+: no basis for subject$/m);
    const bases = text.slice(text.indexOf('\nbases:'), text.indexOf('\n# Breaking glass'));
    expect(parse(bases, '')).toThrow('no basis for gp');
    // One that was put in force before there were any goes on.
    expect(parsePolicy(text.replace(bases, ''), 'policy.yaml', { kept: true }).bases).toEqual({});
  });

  it('is refused where a key is misspelt or the YAML cannot be read', () => {
    expect(parse('closedCareDays:', 'closedCareDay:')).toThrow('policy.yaml:');
    expect(parse('rows:', 'rows: [')).toThrow('policy.yaml:');
  });

  it('is refused where ages of young people do not rise, or a group has no services', () => {
    expect(parse('heldUnder: 13', 'heldUnder: 17')).toThrow(
      `policy.yaml:${lineOf('ownFrom: 5')}: young: ages must rise`,
    );
    expect(parse('closedGroups: [third-sector, hub]', 'closedGroups: [charities]')).toThrow(
      'charities is no group of services',
    );
  });
});

describe('what opens more of young people and children', async () => {
  const text = await readFile(new URL('../../policy/sharing.yaml', import.meta.url), 'utf8');
  const wider = (from: string, to: string) =>
    widerSharing(POLICY, parsePolicy(text.replace(from, to), 'policy.yaml'));

  it.each([
    ['ownFrom: 5', 'ownFrom: 6', ['young ownFrom: 6']],
    ['heldUnder: 13', 'heldUnder: 12', ['young heldUnder: 12']],
    ['under: 16', 'under: 15', ['young under: 15']],
    ['decisionMonths: 12', 'decisionMonths: 13', ['young decisionMonths: 13']],
    [
      'closedGroups: [third-sector, hub]',
      'closedGroups: [hub]',
      ['young closedGroups: without third-sector'],
    ],
    ['leads: [childrens-services]', 'leads: [childrens-services, gp]', ['young leads: gp']],
    ['readsParental: [', 'readsParental: [gp, ', ['readsParental: gp']],
    ['ownFrom: 5', 'ownFrom: 4', []],
    ['under: 16', 'under: 17', []],
  ])('%s to %s opens %j, for two to approve', (from, to, expected) =>
    expect(wider(from, to)).toEqual(expected),
  );

  it('a policy from before protects them as this one does', () => {
    const before = parsePolicy(text.replace(/^young:\n.*\n/m, ''), 'policy.yaml');
    expect(before.young).toEqual(POLICY.young);
  });
});
