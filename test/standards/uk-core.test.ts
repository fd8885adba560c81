/** UK Core's own examples against UK Core's own profiles, where STANDARDS_DATA has them; every rejection is printed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Node } from '../../src/formats/tree.ts';
import { loadProfiles } from '../../src/validate/profiles.ts';
import { claims, validateResource } from '../../src/validate/validate-resource.ts';

const DATA = process.env.STANDARDS_DATA ?? '../shared/data';
const UK_CORE = join(DATA, 'ukcore');

describe.skipIf(!existsSync(UK_CORE))('UK Core', () => {
  it('all profiles compile, and the invariants in them', async () => {
    const profiles = await loadProfiles([UK_CORE]);
    const ours = profiles.urls.filter((url) => url.startsWith('https://fhir.hl7.org.uk/'));
    expect(ours.length).toBeGreaterThan(120);
    for (const url of ours) expect(profiles.get(url)?.url).toBe(url);
    // Bases that the folder does not have are named.
    for (const problem of profiles.problems) expect(problem).toMatch(/which it is based on, is not loaded/);
  });

  it('accepts 98 of a hundred of its own examples, or more', async () => {
    const profiles = await loadProfiles([UK_CORE]);
    const files = readdirSync(join(UK_CORE, 'examples')).filter((file) => file.endsWith('.json'));
    const rejected = files.flatMap((file) => {
      const resource = JSON.parse(readFileSync(join(UK_CORE, 'examples', file), 'utf8')) as Node;
      expect(
        claims(resource).every((url) => profiles.get(url)),
        file,
      ).toBe(true);
      const errors = validateResource(resource, profiles).faults.filter(
        ({ severity }) => severity === undefined,
      );
      return errors.length > 0
        ? [`${file}: ${errors.map(({ expression, text }) => `${expression} ${text}`).join('; ')}`]
        : [];
    });
    console.log(`${files.length - rejected.length} of ${files.length} accepted\n${rejected.join('\n')}`);
    expect(files.length).toBeGreaterThan(100);
    expect((files.length - rejected.length) / files.length).toBeGreaterThanOrEqual(0.98);
  });
});
