import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadMappings, type Mapping } from '../../src/map/language/load-mappings.ts';
import { mapUnit } from '../../src/map/map-unit.ts';
import { mappingFolder, problemsOf } from './mapping-folder.ts';

const page = readFileSync(new URL('../../docs/mapping.md', import.meta.url), 'utf8');

test('the worked example of docs/mapping.md does what the page says', async () => {
  const [source, mapping] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  const files = {
    'childrens-centre/source.yaml': source as string,
    'childrens-centre/mapping.yaml': mapping as string,
  };
  const loaded = (await loadMappings(mappingFolder(files))).get('childrens-centre') as Mapping;
  const message = JSON.parse(/sends JSON: `(.*?)`\./.exec(page)?.[1] as string);
  const { record, issues } = mapUnit(loaded, { position: '', tree: message }, { dialect: null });
  expect(issues).toEqual([]);
  const born = record?.lineage.find(({ element }) => element === 'patient.birthDate');
  expect(page).toContain(`${born?.element}  ${born?.source}  (${born?.rule})`);
  const typo = {
    ...files,
    'childrens-centre/mapping.yaml': (mapping as string).replace('to: birthDate', 'to: birthdate'),
  };
  const told = (await problemsOf(typo)).map(
    (problem) => `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`,
  );
  expect(page).toContain(told.join('\n'));
});
