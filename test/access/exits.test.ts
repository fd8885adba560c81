/**
 * No way out without access. Statically: code that reads what resources say is either projecting it or handing it to one that does.
 * At run time: every GET route there is, asked by services that have no part in a family, answers as if it did not exist.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerSmart } from '../../src/access/authenticate/smart.ts';
import { registerServices } from '../../src/access/register/routes.ts';
import { registerWaits } from '../../src/access/waits/routes.ts';
import { buildApp, type Part } from '../../src/app.ts';
import { registerAuditEvents } from '../../src/audit/routes.ts';
import { registerSubscriptions } from '../../src/deliver/subscribe/routes.ts';
import { INDEXED_TYPES } from '../../src/fhir/search-parameters.ts';
import { sayCompetence } from '../../src/pipeline/competence.ts';
import { findConsent, keepConsent } from '../../src/pipeline/consent.ts';
import { sayParental } from '../../src/pipeline/parental.ts';
import { liftHold, personNow, placeHold, sayContact, sayPlacement } from '../../src/pipeline/safety.ts';
import { registerRead } from '../../src/read/routes.ts';
import { registerIntake } from '../../src/receive/http/http.ts';
import { registerPages } from '../../src/web/pages/routes.ts';
import { registerCompetence } from '../../src/work/competence.ts';
import { registerConsents } from '../../src/work/consent.ts';
import { registerGlass } from '../../src/work/glass.ts';
import { registerParental } from '../../src/work/parental.ts';
import { registerPrompts } from '../../src/work/prompts.ts';
import { registerSafety } from '../../src/work/safety.ts';
import { registerWorklist } from '../../src/work/worklist/routes.ts';
import { involve, register, store } from '../read/fixtures.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { emptyDesk, sourcesOf } from '../support/pages.ts';

const SRC = new URL('../../src/', import.meta.url);
/** Stages that write views or keep house: they answer nobody. */
const INSIDE = /^(access\/(?!see\/)|(link|save|map|parse|validate|migrations)\/)/;
const READS_ROWS = /\b(from|join)\s+resource(_history)?\b/i;
const READS_CONTENT = /\bcontent\b|COLUMNS|\br\.\*/;
const READS_STATEMENTS = /\b(from|join)\s+(statement|record|message)\b/i;

type File = { path: string; text: string; imports: string[] };

async function readSources(): Promise<File[]> {
  const paths = (await readdir(SRC, { recursive: true })).filter((path) => path.endsWith('.ts'));
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(new URL(path, SRC), 'utf8');
      const found = [...text.matchAll(/^import (?!type\b).*? from '(\.[^']+)'/gms)];
      return { path, text, imports: found.map(([, to]) => posix.join(posix.dirname(path), to as string)) };
    }),
  );
}

/** They give what was projected its version and time, and nothing else. */
const SHOWS = ['access/see/versions.ts', 'read/search/shown.ts'];
const projects = ({ imports }: File) => imports.includes('access/project/project.ts');

/** Files that read content, and neither project it nor are used only by files that (directly, or through such another) do. */
function unguarded(files: File[]): string[] {
  const readers = files.filter(
    ({ path, text }) => !INSIDE.test(path) && READS_ROWS.test(text) && READS_CONTENT.test(text),
  );
  const shown = files.filter(
    ({ path, imports }) => SHOWS.includes(path) && imports.includes('access/see/visible.ts'),
  );
  const guards = new Set([...files.filter(projects), ...shown].map(({ path }) => path));
  const isGuarded = (file: File, seen: string[]): boolean => {
    if (projects(file) || file.imports.some((to) => guards.has(to))) return true;
    const users = files.filter(({ path, imports }) => imports.includes(file.path) && !seen.includes(path));
    return users.length > 0 && users.every((user) => isGuarded(user, [...seen, file.path]));
  };
  return readers.filter((file) => !isGuarded(file, [])).map(({ path }) => path);
}

describe('in the source', async () => {
  const files = await readSources();

  it('nothing reads the content of resources without projecting it', () => {
    expect(files.filter(projects).length).toBeGreaterThan(0);
    expect(unguarded(files)).toEqual([]);
  });

  it('a new route that sends rows as they are would be found', () => {
    const text = "const { rows } = await db.query('select content from resource where id = $1', [id]);";
    const route = { path: 'read/new-route.ts', text, imports: ['store/pool.ts'] };
    expect(unguarded([...files, route])).toEqual(['read/new-route.ts']);
    const caller = { path: 'read/caller.ts', text: '', imports: ['access/see/rows.ts'] };
    expect(unguarded([...files, caller])).toContain('access/see/rows.ts');
  });

  it('what senders said is read by no stage that answers', () => {
    const answering = files.filter(({ path }) => /^(read|deliver|publish|web)\//.test(path));
    // Lineage gives the author of a record its own fields and rules, no values (test/read).
    const found = answering.filter(({ text }) => READS_STATEMENTS.test(text)).map(({ path }) => path);
    expect(found.filter((path) => path !== 'read/lineage.ts')).toEqual([]);
  });
});

const CANARY = 'Zuleika-Canary';
/** What main registers, which a test below holds against it. Only GET is asked, so no message is ever taken. */
const PARTS: Record<string, Part> = {
  registerSmart,
  registerRead,
  registerSubscriptions,
  registerServices,
  registerWaits,
  registerAuditEvents,
  registerGlass,
  registerIntake: (app, ctx) =>
    registerIntake(app, ctx, async () => Promise.reject(new Error('no message was sent'))),
  registerPages: (app, ctx) => registerPages(app, ctx, sourcesOf(ctx)),
  registerPrompts: (app, ctx) =>
    registerPrompts(app, ctx, async () => Promise.reject(new Error('no prompt was answered'))),
  registerSafety: (app, ctx) =>
    registerSafety(app, ctx, { personNow, placeHold, liftHold, sayContact, sayPlacement }),
  registerCompetence: (app, ctx) => registerCompetence(app, ctx, { personNow, sayCompetence }),
  registerParental: (app, ctx) => registerParental(app, ctx, { personNow, sayParental }),
  registerConsents: (app, ctx) => registerConsents(app, ctx, { personNow, keepConsent, findConsent }),
  registerWorklist: (app, ctx) => registerWorklist(app, ctx, emptyDesk(ctx)),
};
const PERSON_FREE = ['Organization', 'Basic'];

function canary(type: string, id: string, person: string): Resource {
  const subject = { reference: `Patient/${person}`, display: CANARY };
  const content = {
    ...{
      resourceType: type,
      id,
      status: 'active',
      active: true,
      name: [{ family: CANARY }],
      note: [{ text: CANARY }],
    },
    ...{
      subject,
      patient: subject,
      target: [subject],
      member: [{ entity: subject }],
      identifier: [{ value: CANARY }],
    },
  };
  return content as unknown as Resource;
}

describe('on every GET route', () => {
  const person = randomUUID();
  const ids = new Map(
    INDEXED_TYPES.filter((type) => !PERSON_FREE.includes(type)).map((type) => [type as string, randomUUID()]),
  );
  ids.set('Patient', person).set('Subscription', randomUUID());
  const routes: string[] = [];
  let database: TestDatabase;
  let app: FastifyInstance;
  const collect = (started: FastifyInstance) => {
    started.addHook('onRoute', ({ method, url }) => {
      if (method === 'GET') routes.push(url);
    });
  };

  beforeAll(async () => {
    database = await testDatabase();
    await register(database, 'outsider', 'specialist-perinatal');
    await register(database, 'stranger', null);
    const author = await register(database, 'author', 'maternity');
    for (const [type, id] of ids) {
      if (type === 'Subscription') continue;
      const service = author.service.id;
      await store(database, canary(type, id, person), { persons: [person], authors: [service], service });
    }
    await involve(database, person, author.service.id);
    await subscribe(database, { id: ids.get('Subscription') as string, system: author.id, person });
    await database.pool.query(
      `insert into intake (system_id, identifier, message_id, received_at, content_hash, status, units)
       values ($1, $2, 1, now(), '', 'held', $3)`,
      [
        author.id,
        person,
        JSON.stringify([{ position: '', status: 'held', issues: [{ severity: 'error', text: CANARY }] }]),
      ],
    );
    app = buildApp(testContext(database), [collect, ...Object.values(PARTS)]);
    await app.ready();
  });
  afterAll(async () => app.close());

  const ask = async (url: string, system: string | null) => {
    const headers = system ? { 'x-skein-system': system } : {};
    const { statusCode, body } = await app.inject({ method: 'GET', url, headers });
    return { statusCode, body };
  };

  /** Every request there is about one set of ids. */
  function requestsOf(route: string, named: ReadonlyMap<string, string>): string[] {
    const type = /^\/pages\/journey/.test(route) ? 'Group' : (/^\/fhir\/(\w+)/.exec(route)?.[1] ?? '');
    const path = route.replace(':vid', '1').replace(/:\w+/g, named.get(type) ?? person);
    if (path === '/intake/messages') return [`${path}?identifier=${named.get('Patient')}`];
    if (route.includes(':') || type === '' || type === 'metadata') return [path];
    const searches = [
      `_id=${named.get(type)}`,
      `patient=${named.get('Patient')}`,
      '_lastUpdated=gt2000&_total=accurate',
    ];
    return [path, ...searches.map((search) => `${path}?${search}`)];
  }

  it('no part of the server is left out', async () => {
    const wiring = await readFile(new URL('run/roles.ts', SRC), 'utf8');
    const registered = new Set(wiring.match(/\bregister[A-Z]\w+/g));
    expect([...registered].sort()).toEqual(Object.keys(PARTS).sort());
  });

  it('there are canaries to be found: the operator meets them on every route that tells of somebody', async () => {
    const met = new Set<string>();
    for (const route of routes) {
      for (const url of requestsOf(route, ids)) {
        const { body } = await ask(url, null);
        if (body.includes(CANARY) || body.includes(`Patient/${person}`)) met.add(route);
      }
    }
    const unmet = routes
      .filter((route) => !met.has(route))
      .filter((route) => !/^\/(health|metrics|docs|waits)|(metadata|MessageDefinition)$/.test(route))
      // Of nobody: style sheets, home, messages and deliveries, of which pages show no more than ids and issues.
      .filter(
        (route) =>
          !/^\/pages(\/(assets\/.*|(messages|deliveries|sharing|systems)(\/:id)?|systems\/new|figures|playground|\*))?$/.test(
            route,
          ),
      );
    expect(unmet.filter((route) => !/\/(Organization|HealthcareService|Basic)\b/.test(route))).toEqual([
      // Codes, numbers and times: test/deliver/secrets.test.ts.
      '/fhir/Subscription/:id/$attempts',
      '/fhir/Subscription/$status',
      '/fhir/Subscription/:id/$status',
      // Begun by POST: test/deliver/snapshot.test.ts.
      '/fhir/Subscription/:id/$snapshot',
      // Of one service: test/web/pages/helping.test.ts, test/web/pages/referrals.test.ts.
      '/pages/helping/:id',
      '/pages/referrals',
      '/pages/referrals/:id',
      '/pages/prompts/:id',
      // Nobody is to decide anything: test/web/pages/worklist.test.ts.
      '/pages/worklist',
      '/pages/worklist/:id',
      // Nobody has said what this person refuses: test/access/consent.test.ts.
      '/fhir/Consent/:id',
      // Nobody is to decide anything: test/access/worklist.test.ts.
      '/fhir/Task/$worklist',
    ]);
  });

  it.each(['outsider', 'stranger'])(
    'the %s is told nothing, in the very answer given for what does not exist',
    async (system) => {
      const nowhere = new Map([...ids].map(([type]) => [type, randomUUID()]));
      const [real, absent] = [ids, nowhere].map((named) =>
        routes.flatMap((route) => requestsOf(route, named)),
      ) as [string[], string[]];
      for (const [index, url] of real.entries()) {
        const [given, expected] = [await ask(url, system), await ask(absent[index] as string, system)];
        expect(given.body, url).not.toContain(CANARY);
        expect(given.statusCode, url).toBe(expected.statusCode);
        // Counters go up with every request, this one included.
        if (url !== '/metrics') expect(neutral(given.body, ids), url).toBe(neutral(expected.body, nowhere));
      }
    },
  );

  /** A body without what differs by the asking itself: the ids asked for and the instant. */
  function neutral(body: string, named: ReadonlyMap<string, string>): string {
    const instants = body
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'NOW')
      .replaceAll(/"id":"[0-9a-f-]{36}"/g, '"id":"ANY"');
    return [...named.values()].reduce((text, id) => text.replaceAll(id, 'ID'), instants);
  }
});

/** A Subscription of the author, with an event it was told of. */
async function subscribe(
  { pool }: TestDatabase,
  { id, system, person }: { id: string; system: number; person: string },
) {
  await pool.query(
    `insert into subscription (id, system_id, status, resource, content, endpoint, origin, headers, secret, timeout, max_count,
       clauses, encounters, last_number)
     values ($1, $2, 'active', $3, 'id-only', $4, $4, '{}', $4, 10, 10, 0, false, 1)`,
    [
      id,
      system,
      { resourceType: 'Subscription', criteria: CANARY, reason: CANARY },
      `https://${CANARY}.example`,
    ],
  );
  const focus = { type: 'Patient', id: person };
  const event = {
    code: 'episode-started',
    journey: null,
    persons: [person],
    category: 'INV',
    services: [],
    focus,
    stage: null,
  };
  await pool.query('insert into event (id, at, event) values (1, now(), $1)', [event]);
  await pool.query('insert into notification values ($1, 1, 1, 1, now(), false, null)', [id]);
}
