/**
 * What Skein is measured against, a process of its own. `POST /floor` parses the JSON and writes, by Skein's own SAVE statement and in
 * one transaction, the rows that Skein writes for such a message, made beforehand: nothing is mapped, linked or looked up. `POST /bare`
 * parses it and writes 6 jsonb rows and 6 outbox rows in one statement. Arguments: file of captured parameters.
 */
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { packBytes } from '../src/save/columns.ts';
import { SAVE_NEW } from '../src/save/sql.ts';
import { openPool } from '../src/store/pool.ts';
import { type Captured, SEPARATOR } from './capture.ts';
import { paste } from './rekey.ts';

const BARE_SCHEMA = `
create table if not exists bare (id bigint generated always as identity primary key, content jsonb not null);
create table if not exists bare_outbox (id bigint generated always as identity primary key, event jsonb not null)`;
const BARE = `
with kept as (insert into bare (content) select value from jsonb_array_elements($1::jsonb) returning id)
insert into bare_outbox (event) select jsonb_build_object('id', id) from kept`;
const ROWS = 6;

const captured = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Captured;
const packed = captured.saves.map(({ fixed }) => fixed.map((value) => value && Buffer.from(value, 'base64')));
// With the plans that Skein's own transactions have.
const plans = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']
  .map((name) => `-c ${name}=off`)
  .join(' ');
const db = openPool(process.env.DATABASE_URL as string, { options: plans });
await db.query(BARE_SCHEMA);

let copies = 0;
const app = fastify({ bodyLimit: 16 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);

app.post('/floor', async (request) => {
  const body = request.body as Buffer;
  JSON.parse(body.toString());
  const copy = ++copies;
  const nth = copy % captured.saves.length;
  const save = captured.saves[nth];
  if (!save) throw new Error('nothing was captured');
  const texts = paste(save.text, copy).split(SEPARATOR);
  const values: unknown[] = [...(packed[nth] ?? [])];
  for (const [index, place] of captured.places.entries()) values[place] = texts[index];
  values[captured.body] = packBytes([body]);
  await db.query({ name: 'save', text: SAVE_NEW, values });
  return { stored: copy };
});

app.post('/bare', async (request) => {
  const bundle = JSON.parse((request.body as Buffer).toString()) as { entry: { resource: object }[] };
  const resources = bundle.entry.slice(0, ROWS).map(({ resource }) => resource);
  await db.query({ name: 'bare', text: BARE, values: [JSON.stringify(resources)] });
  return { stored: resources.length };
});

app.get('/health/ready', async () => ({ status: 'ready' }));

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
