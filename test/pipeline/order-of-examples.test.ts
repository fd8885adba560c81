/** Every example of every shipped mapping, in several orders: the same views, and a rebuild changes none of them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { Message, System } from '../../src/model.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { intake } from '../../src/pipeline.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { type Example, listExamples } from '../../src/workbench/examples.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { shuffled } from '../support/household.ts';

const TYPES: Record<string, string> = {
  ...{ hl7v2: 'application/hl7-v2', csv: 'text/csv', json: 'application/json', tables: 'application/json' },
  ...{ fhir: 'application/fhir+json', xml: 'application/fhir+xml' },
};
const mappings = await loadMappings();
const examples = listExamples(mappings);

async function viewsOf(order: Example[]): Promise<string[]> {
  const database = await testDatabase();
  const ctx = { ...testContext(database), mappings, profiles: ownProfiles() };
  const systems = new Map<Example, System>();
  for (const example of examples) {
    const name = `${example.source}/${example.name}`;
    const team = {
      name,
      ods: 'RXA',
      team: example.source,
      sector: 'maternity',
      kind: null,
      source: example.source,
    };
    systems.set(example, (await addSystem(database.pool, database.key, team)).system);
  }
  for (const example of order) await intake(ctx, messageOf(example, systems.get(example) as System));
  expect(await rebuild(ctx)).toMatchObject({ statements: 0, changed: 0 });
  const { rows } = await database.pool.query<{ id: string; content: object }>(
    `select id, content from resource where type <> 'Provenance' and coalesce(state, '') <> 'gone'`,
  );
  return withoutIds(rows.map(({ id, content }) => ({ id, text: JSON.stringify(content) })));
}

/** When a message came is a fact like what it says: of two that speak of the same time the later stands. */
function messageOf(example: Example, system: System): Message {
  const { source, name, input } = example;
  const body = readFileSync(input);
  return {
    ...{
      system,
      channel: 'intake',
      contentType: TYPES[mappings.get(source)?.kind ?? ''] ?? '',
      body,
      source,
    },
    ...{ identifier: name, contentHash: createHash('sha256').update(body).digest('hex') },
    receivedAt: new Date(RECEIVED + examples.indexOf(example) * 1000),
  };
}
const RECEIVED = Date.now() - 3_600_000;

/** Ids are given on first sight, so they differ with the order: each becomes a digest of what it is the id of, and of what that names. */
function withoutIds(rows: { id: string; text: string }[]): string[] {
  let names = new Map<string, string>();
  // What a resource lists is in the order of ids.
  const named = (text: string) =>
    JSON.stringify(
      sorted(JSON.parse(text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => names.get(id) ?? '-'))),
    );
  for (let round = 0; round < 4; round++)
    names = new Map(
      rows.map(({ id, text }) => [id, createHash('sha256').update(named(text)).digest('hex').slice(0, 8)]),
    );
  return rows.map(({ text }) => named(text)).sort();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, sorted(inner)]));
}

let asListed: string[];
beforeAll(async () => {
  asListed = await viewsOf(examples);
}, 120_000);

test.each([1, 2, 3])(
  'in the order of seed %i',
  async (seed) => {
    expect(asListed.length).toBeGreaterThan(500);
    expect(await viewsOf(shuffled(examples, seed))).toEqual(asListed);
  },
  120_000,
);
