import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Config } from '../../src/config.ts';

const SETTINGS = Object.keys(Config.shape).sort();
/** Of compose itself: the password its PostgreSQL is made with. */
const OF_COMPOSE = ['POSTGRES_PASSWORD'];

type Service = {
  environment?: Record<string, string>;
  user?: string;
  read_only?: boolean;
  healthcheck?: object;
};
type Compose = { services: Record<string, Service> };

const read = (file: string) => readFile(file, 'utf8');
const readCompose = async () => parse(await read('docker-compose.yml'), { merge: true }) as Compose;

function namesIn(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] as string))].sort();
}

test('README, .env.example and compose name the settings of the configuration, all and only', async () => {
  expect(namesIn(await read('README.md'), /^\| `([A-Z_]+)` \|/gm)).toEqual(SETTINGS);
  const example = namesIn(await read('.env.example'), /^#? ?([A-Z_]+)=/gm);
  expect(example.filter((name) => !OF_COMPOSE.includes(name))).toEqual(SETTINGS);
  const { services } = await readCompose();
  for (const name of ['api', 'worker', 'mllp']) {
    expect(Object.keys(services[name]?.environment ?? {}).sort()).toEqual(SETTINGS);
  }
});

test('compose refers to no variable that .env.example does not show', async () => {
  const used = namesIn(await read('docker-compose.yml'), /\$\{([A-Z_]+)/g);
  const shown = namesIn(await read('.env.example'), /^#? ?([A-Z_]+)=/gm);
  expect(used.filter((name) => !shown.includes(name))).toEqual([]);
});

test('README says the defaults that the configuration has', async () => {
  const readme = await read('README.md');
  for (const [name, value] of Object.entries(Config.parse({}))) {
    const shown = String(value) === '' ? '' : `\`${value}\``;
    expect(readme).toContain(`| \`${name}\` | ${shown} |`);
  }
});

test('every container runs unprivileged on a read-only file system, and ours ask for a token', async () => {
  const { services } = await readCompose();
  for (const service of Object.values(services)) {
    expect(service.user).toMatch(/^(node|postgres|redis)$/);
    expect(service.read_only).toBe(true);
  }
  for (const name of ['postgres', 'redis']) expect(services[name]?.healthcheck).toBeDefined();
  for (const name of ['api', 'worker', 'mllp'])
    expect(services[name]?.environment?.AUTH).toMatch(/^\$\{AUTH:-token\}$/);
  expect(await read('Dockerfile')).toMatch(/^USER node$/m);
  expect(await read('Dockerfile')).toMatch(/^HEALTHCHECK /m);
});

test('every file that README links to is there', async () => {
  const links = namesIn(await read('README.md'), /\]\(((?!https?:)[^)#]+)\)/g);
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});

test('every npm script that README shows exists', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
  const shown = namesIn(await read('README.md'), /npm run ([\w-]+)/g);
  expect(shown.filter((name) => !scripts[name])).toEqual([]);
});

test('every dependency has its reason in the record of decisions, and no other is recorded', async () => {
  const { dependencies, devDependencies } = JSON.parse(await read('package.json')) as Record<string, object>;
  const recorded = (await read('docs/adr/0003-dependencies.md'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const names = recorded.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1]),
  );
  const used = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !name.startsWith('@types/'),
  );
  expect(names.filter((name) => name !== '@types/*').sort()).toEqual(used.sort());
});
