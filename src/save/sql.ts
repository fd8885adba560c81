/**
 * All SQL of the save stage. One statement for a message or a group of them beyond the record: a chatty
 * transaction was measured 2 to 7 times slower.
 */
import { nameParameters } from './columns.ts';

/**
 * What the statement is given. A `place` says which of the messages a row belongs to, from 1; index rows name
 * their view by its place in `views`. Texts of JSON that is stored as it is, and bodies, come as arrays:
 * inside other JSON they would be read twice.
 */
const PARAMETERS = {
  messages: 'jsonb',
  bodies: 'bytea[]',
  bodyKeys: 'bytea[]',
  records: 'text[]',
  lineages: 'text[]',
  statements: 'jsonb',
  statementContents: 'text[]',
  assertions: 'jsonb',
  views: 'jsonb',
  viewContents: 'text[]',
  tokenViews: 'int[]',
  tokenParams: 'smallint[]',
  tokenHashes: 'bigint[]',
  dateViews: 'int[]',
  dateParams: 'smallint[]',
  dateLows: 'text[]',
  dateHighs: 'text[]',
  stringViews: 'int[]',
  stringParams: 'smallint[]',
  stringValues: 'text[]',
  involvements: 'jsonb',
  members: 'jsonb',
  events: 'jsonb',
  due: 'jsonb',
  forget: 'jsonb',
};
export type Parameters = Record<keyof typeof PARAMETERS, string | Buffer>;
const named = nameParameters(PARAMETERS);
export const valuesOf: (parameters: Parameters) => unknown[] = named.valuesOf;

// What replaces or removes a row. Opening a table and its indexes costs even where nothing is found, so that
// messages which only add (most do) leave these out: a tenth less. Every part reads the state before the
// statement: history is written from the rows that the update replaces.
const over = (forgetting: boolean) => `
past as (
  insert into resource_history (row_id, type, id, version, updated_at, content, persons, authors, service, sources)
  select r.row_id, r.type, r.id, r.version, r.updated_at, r.content, r.persons, r.authors, r.service, r.sources
  from views v join resource r on r.row_id = v.row_id where v.known${forgetting ? PAST_OF_OTHERS : ''}),
stale_tokens as (delete from index_token i using views v where v.known and i.row_id = v.row_id),
stale_dates as (delete from index_date i using views v where v.known and i.row_id = v.row_id),
stale_strings as (delete from index_string i using views v where v.known and i.row_id = v.row_id),
changed as (
  update resource r set version = r.version + 1, updated_at = now(), content = v.content, owner = v.owner, persons = v.persons,
    authors = v.authors, service = v.service, state = v.state, digest = v.digest, sources = v.sources,
    record_id = coalesce(nullif((select records from places)[v.place], 0), r.record_id)
  from views v where v.known and r.row_id = v.row_id),
care_ended as (
  delete from involvement i using jsonb_to_recordset($involvements -> 'remove') as r(person uuid, service uuid, journey uuid)
  where i.person = r.person and i.service = r.service and i.journey is not distinct from r.journey),
left_out as (
  delete from member m using jsonb_to_recordset($members -> 'remove') as r(journey uuid, person uuid)
  where m.journey = r.journey and m.person = r.person),${forgetting ? FORGOTTEN : ''}`;

// Of people whose identity was changed nothing stays but facts: neither views, nor what tells of them in the
// past of others' views, nor a Provenance that names them.
const PAST_OF_OTHERS = ' and not r.persons && (select persons from forgetting)';
const FORGOTTEN = `
forgotten as (
  delete from resource r using forgetting f where r.row_id = any(f.rows) returning r.row_id),
forgotten_provenances as (
  delete from resource r where r.row_id in (
    select p.row_id from forgetting f cross join unnest(f.persons) as one (id)
      join resource p on p.persons[1] = one.id and p.type = 'Provenance'
    union select p.row_id from forgetting f
      join resource p on cardinality(p.persons) > 1 and p.persons && f.persons and p.type = 'Provenance') returning r.row_id),
forgotten_pasts as (
  delete from resource_history h using forgetting f
  where h.id = any(f.pasts) and (h.persons && f.persons or h.row_id = any(f.rows))),
forgotten_rows as (select row_id from forgotten union all select row_id from forgotten_provenances),
forgotten_tokens as (delete from index_token i using forgotten_rows r where i.row_id = r.row_id),
forgotten_dates as (delete from index_date i using forgotten_rows r where i.row_id = r.row_id),
forgotten_strings as (delete from index_string i using forgotten_rows r where i.row_id = r.row_id),`;

// Numbers of rows are drawn first, so that whatever belongs to a row finds it by its place in an array: joins
// of every index row with every view took longer than all writing, and the transaction has no hash joins
// (skein_load).
const save = (replacing: string) =>
  named.textOf(`
with saving as materialized (
  select *, coalesce(stored, case when kept then nextval('message_id_seq') end) as message_id,
    case when recorded then nextval('record_id_seq') end as record_id
  from rows from (jsonb_to_recordset($messages) as (stored bigint, kept boolean, recorded boolean, answered boolean, "systemId" int,
    identifier text, channel text, "contentType" text, source text, "contentHash" text, "position" text, "saidAt" timestamptz,
    stamp text, mapping text, mode text, status text, units jsonb)) with ordinality as m(stored, kept, recorded, answered, system_id,
    identifier, channel, content_type, source, content_hash, "position", said_at, stamp, mapping, mode, status, units, place)),
forgetting as materialized (select * from jsonb_to_record($forget) as f(rows bigint[], pasts uuid[], persons uuid[])),
places as materialized (
  select array_agg(coalesce(record_id, 0) order by place) as records, array_agg(case when message_id is null then '{}' else
    jsonb_build_object('message', jsonb_build_object('id', message_id::text, 'system', system_id)) end order by place) as messages
  from saving),
kept as (
  insert into message (id, system_id, channel, content_type, source, identifier, content_hash, body, body_key)
  overriding system value
  select message_id, system_id, channel, content_type, source, identifier, content_hash, ($bodies)[place], ($bodyKeys)[place]
  from saving where kept),
recorded as (
  insert into record (id, message_id, system_id, position, said_at, stamp, mapping, mode, statements, lineage)
  overriding system value
  select record_id, message_id, system_id, "position", said_at, stamp, mapping, mode, ($records)[place]::jsonb,
    ($lineages)[place]::jsonb from saving where recorded),
said as (
  insert into statement (key, type, system_id, chart, ref, aliases, record_id, first, base, times, content, person, team)
  select key, type, system_id, chart, ref, aliases, (select records from places)[place], first, base, times, content::jsonb,
    person, team
  from rows from (jsonb_to_recordset($statements) as (place int, key uuid, type text, "systemId" int, chart uuid, ref uuid,
    aliases uuid[], first text, base text, times jsonb, person uuid, team uuid, seq bigint), unnest($statementContents))
    as s(place, key, type, system_id, chart, ref, aliases, first, base, times, person, team, seq, content) order by place, seq
  on conflict (key) do update set chart = excluded.chart, ref = excluded.ref, aliases = excluded.aliases,
    person = excluded.person, team = excluded.team,
    record_id = case when excluded.record_id = 0 then statement.record_id else excluded.record_id end,
    first = excluded.first, base = excluded.base, times = excluded.times, content = excluded.content),
assertions as (
  insert into assertion (record_id, kind, a, b, method, evidence, asserted_by)
  select nullif((select records from places)[place], 0), kind, a, b, method, evidence, 'machine'
  from jsonb_to_recordset($assertions) as x(place int, kind text, a uuid, b uuid, method text, evidence jsonb)
  on conflict do nothing),
views as materialized (
  select place, known is not null as known, coalesce(known, nextval('resource_row_id_seq')) as row_id, type, id, content::jsonb,
    owner, persons, authors, service, state, digest, sources, nth
  from rows from (jsonb_to_recordset($views) as (place int, "rowId" bigint, type text, id uuid, owner uuid, persons uuid[],
    authors uuid[], service uuid, state text, digest text, sources jsonb), unnest($viewContents))
    with ordinality as v(place, known, type, id, owner, persons, authors, service, state, digest, sources, content, nth)),
rows_of_views as materialized (select array_agg(row_id order by nth) as ids from views),
made as (
  insert into resource (row_id, type, id, version, content, owner, persons, authors, service, state, digest, sources, record_id)
  overriding system value
  select row_id, type, id, 1, content, owner, persons, authors, service, state, digest, sources,
    nullif((select records from places)[place], 0) from views where not known),${replacing}
tokens as (
  insert into index_token (row_id, param, hash) select (select ids from rows_of_views)[nth], param, hash
  from unnest($tokenViews, $tokenParams, $tokenHashes) as t(nth, param, hash)),
dates as (
  insert into index_date (row_id, param, low, high)
  select (select ids from rows_of_views)[nth], param, low::timestamptz, high::timestamptz
  from unnest($dateViews, $dateParams, $dateLows, $dateHighs) as d(nth, param, low, high)),
strings as (
  insert into index_string (row_id, param, value) select (select ids from rows_of_views)[nth], param, value
  from unnest($stringViews, $stringParams, $stringValues) as s(nth, param, value)),
care as (
  insert into involvement (person, service, journey, state, since, until)
  select person, service, journey, state, since, until from jsonb_to_recordset($involvements -> 'upsert')
    as u(person uuid, service uuid, journey uuid, state text, since timestamptz, until timestamptz)
  on conflict (person, service, journey) do update set state = excluded.state, since = excluded.since, until = excluded.until),
joined as (
  insert into member (journey, person, role, closes, held, restricted)
  select journey, person, role, closes, held, restricted from jsonb_to_recordset($members -> 'upsert')
    as u(journey uuid, person uuid, role text, closes timestamptz, held boolean, restricted boolean)
  on conflict (journey, person) do update set role = excluded.role, closes = excluded.closes, held = excluded.held,
    restricted = excluded.restricted),
told as (
  insert into outbox (event) select event || (select messages from places)[place]
  from rows from (jsonb_to_recordset($events) as (place int, event jsonb)) with ordinality as e(place, event, n) order by n),
waiting as (
  insert into due (owner, at) select distinct on (owner) owner, at
  from jsonb_to_recordset($due) as d(owner uuid, at timestamptz) order by owner, at
  on conflict (owner) do update set at = excluded.at),
settled as (
  insert into intake (system_id, identifier, message_id, received_at, content_hash, status, units)
  select system_id, identifier, message_id, now(), content_hash, status, units from saving where answered
  on conflict (system_id, identifier) do update set message_id = excluded.message_id,
    received_at = case intake.message_id when excluded.message_id then intake.received_at else excluded.received_at end,
    content_hash = excluded.content_hash, status = excluded.status, units = excluded.units)
select message_id::text as id from saving order by place`);

/** Only adds resources, involvements and members. The same parameters as SAVE_OVER. */
export const SAVE_NEW = save('');
/** Also replaces views, their history and index rows, and removes what is no longer so. */
export const SAVE_OVER = save(over(false));
/** Removes besides what was stored of people whose identity was changed. */
export const SAVE_FORGETTING = save(over(true));

export const DONE_ROWS =
  'select position from record where message_id = $1 and ($2::text is null or position = $2::text)';
