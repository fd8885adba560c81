/** All SQL of the save stage. One statement per message beyond the record: a chatty transaction was measured 2 to 7 times slower. */

// What replaces or removes a row. Opening a table and its indexes costs even where nothing is found, so that a message which only
// adds (most do) leaves these out: a tenth less. Every part reads the state before the statement: history is written from the rows
// that the update replaces.
const OVER = `
past as (
  insert into resource_history
    (row_id, type, id, version, updated_at, content, persons, authors, service, sources)
  select r.row_id, r.type, r.id, r.version, r.updated_at, r.content, r.persons, r.authors, r.service, r.sources
  from resource r join views v on v."rowId" = r.row_id),
stale_tokens as (delete from index_token i using views v where i.row_id = v."rowId"),
stale_dates as (delete from index_date i using views v where i.row_id = v."rowId"),
stale_strings as (delete from index_string i using views v where i.row_id = v."rowId"),
changed as (
  update resource r set version = r.version + 1, updated_at = now(), content = v.content, owner = v.owner, persons = v.persons,
    authors = v.authors, service = v.service, sources = v.sources, state = v.state, digest = v.digest, record_id = coalesce((select id from recorded), r.record_id)
  from views v where v."rowId" = r.row_id returning r.row_id, r.type, r.id),
care_ended as (
  delete from involvement i using jsonb_to_recordset($20::jsonb -> 'remove') as r(person uuid, service uuid, journey uuid)
  where i.person = r.person and i.service = r.service and i.journey is not distinct from r.journey),
left_out as (
  delete from member m using jsonb_to_recordset($21::jsonb -> 'remove') as r(journey uuid, person uuid)
  where m.journey = r.journey and m.person = r.person),`;

// Index rows come as arrays, each naming its view by place: as JSON they took as long to read as to write.
const save = (over: string) => `
with kept as (
  insert into message (system_id, channel, content_type, source, identifier, content_hash, body)
  select (m).system_id, (m).channel, (m).content_type, (m).source, (m).identifier, (m).content_hash, $2::bytea
  from (select jsonb_populate_record(null::message, $1::jsonb) as m) one where $1::jsonb is not null returning id),
message_row as (select coalesce($3::bigint, (select id from kept)) as id),
recorded as (
  insert into record (message_id, system_id, position, said_at, stamp, mapping, mode, statements, lineage)
  select m.id, r.system_id, r."position", r.said_at, r.stamp, r.mapping, r.mode, $5::jsonb, $6::jsonb
  from message_row m, jsonb_to_record($4::jsonb) as r(system_id int, "position" text, said_at timestamptz, stamp text, mapping text,
    mode text) where $4::jsonb is not null returning id),
said as (
  insert into statement (key, type, system_id, chart, ref, aliases, record_id, first, base, times, content, person)
  select key, type, "systemId", chart, ref, aliases, coalesce((select id from recorded), 0), first, base, times, content, person
  from jsonb_to_recordset($7::jsonb) as s(key uuid, type text, "systemId" int, chart uuid, ref uuid, aliases uuid[], first text, base text,
    times jsonb, content jsonb, person uuid, seq bigint) order by seq
  on conflict (key) do update set chart = excluded.chart, ref = excluded.ref, aliases = excluded.aliases, person = excluded.person,
    record_id = case when excluded.record_id = 0 then statement.record_id else excluded.record_id end,
    first = excluded.first, base = excluded.base, times = excluded.times, content = excluded.content),
assertions as (
  insert into assertion (record_id, kind, a, b, method, evidence, asserted_by)
  select (select id from recorded), kind, a, b, method, evidence, 'machine'
  from jsonb_to_recordset($8::jsonb) as x(kind text, a uuid, b uuid, method text, evidence jsonb)
  on conflict do nothing),
views as materialized (
  select * from rows from (jsonb_to_recordset($9::jsonb) as ("rowId" bigint, type text, id uuid, content jsonb, owner uuid,
    persons uuid[], authors uuid[], service uuid, state text, digest text, sources jsonb)) with ordinality
    as v("rowId", type, id, content, owner, persons, authors, service, state, digest, sources, place)),
made as (
  insert into resource (type, id, version, content, owner, persons, authors, service, state, digest, sources, record_id)
  select type, id, 1, content, owner, persons, authors, service, state, digest, sources, (select id from recorded) from views
  where "rowId" is null order by place returning row_id, type, id),${over}
present as materialized (
  select v.place, p.row_id from (select * from made${over && ' union all select * from changed'}) p join views v using (id, type)),
tokens as (
  insert into index_token (row_id, param, hash) select p.row_id, t.param, t.hash
  from unnest($10::int[], $11::smallint[], $12::bigint[]) as t(place, param, hash) join present p using (place)),
dates as (
  insert into index_date (row_id, param, low, high) select p.row_id, d.param, d.low, d.high
  from unnest($13::int[], $14::smallint[], $15::timestamptz[], $16::timestamptz[]) as d(place, param, low, high)
  join present p using (place)),
strings as (
  insert into index_string (row_id, param, value) select p.row_id, s.param, s.value
  from unnest($17::int[], $18::smallint[], $19::text[]) as s(place, param, value) join present p using (place)),
care as (
  insert into involvement (person, service, journey, state, since, until)
  select person, service, journey, state, since, until from jsonb_to_recordset($20::jsonb -> 'upsert')
    as u(person uuid, service uuid, journey uuid, state text, since timestamptz, until timestamptz)
  on conflict (person, service, journey) do update set state = excluded.state, since = excluded.since, until = excluded.until),
joined as (
  insert into member (journey, person, role, closes)
  select journey, person, role, closes from jsonb_to_recordset($21::jsonb -> 'upsert') as u(journey uuid, person uuid, role text, closes timestamptz)
  on conflict (journey, person) do update set role = excluded.role, closes = excluded.closes),
told as (
  insert into outbox (event) select value from jsonb_array_elements($22::jsonb) with ordinality as e(value, n) order by n),
settled as (
  insert into intake (system_id, identifier, message_id, received_at, content_hash, status, units)
  select (n).system_id, (n).identifier, m.id, now(), (n).content_hash, (n).status, (n).units
  from message_row m, (select jsonb_populate_record(null::intake, $23::jsonb) as n) one where $23::jsonb is not null
  on conflict (system_id, identifier) do update set message_id = excluded.message_id,
    received_at = case intake.message_id when excluded.message_id then intake.received_at else excluded.received_at end,
    content_hash = excluded.content_hash, status = excluded.status, units = excluded.units)
select id::text as id from message_row`;

/** Only adds resources, involvements and members. The same parameters as SAVE_OVER. */
export const SAVE_NEW = save('');
/** Also replaces views, their history and index rows, and removes what is no longer so. */
export const SAVE_OVER = save(OVER);

export const DONE_ROWS =
  'select position from record where message_id = $1 and ($2::text is null or position = $2::text)';
