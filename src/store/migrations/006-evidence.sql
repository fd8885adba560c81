-- Who is meant and who may say so: further keys of a chart, what waits for time alone, and numbers that people lifted a taint of.

-- Keys besides `key` and `ref` by which the charts of one family are found from one another: a second identifier of the sender's
-- own, a number that is no more than claimed, a person whom a sender only referred to. Null for most, who cost the index nothing.
alter table statement add column aliases uuid[];
create index statement_aliases on statement using gin (aliases) with (fastupdate = off) where aliases is not null;

-- when a family changes by time alone; `owner` is a chart of it
create table due (owner uuid primary key, at timestamptz not null);
create index due_at on due (at);

-- facts: a person lifted a dispute or a taint of a number (keyed hash), and whose word on it is set aside since
create table lift (
  id bigint generated always as identity primary key, number uuid not null, by_name text not null,
  at timestamptz not null default now());
create table set_aside (
  ref uuid not null, chart uuid not null, lift_id bigint not null references lift, primary key (chart, ref));

-- whom a system's data-quality team is told by: an e-mail address or a URL
alter table system add column data_quality text;

create or replace function skein_closure(wanted uuid[], ceiling int, out keys uuid[], out busy boolean, out crowded uuid)
language plpgsql as $$
declare found uuid[]; item_key uuid;
begin
  busy := false;
  perform pg_advisory_xact_lock(h) from (select distinct skein_lock_key(k) as h from unnest(wanted) k order by h) ordered;
  keys := wanted;
  loop
    select array_agg(distinct k) into found from (
      select s.chart as k from statement s where s.key = any(keys)
      union select s.chart from statement s where s.ref = any(keys) and not exists (select from tainted t where t.key = s.ref)
        and not exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)
      union select s.chart from statement s where s.aliases && keys and s.aliases is not null
        and not exists (select from tainted t where t.key = s.ref)
      union select unnest(s.aliases || case when not exists (
        select from set_aside a where a.chart = s.chart and a.ref = s.ref) then s.ref end)
        from statement s where s.chart = any(keys) and (s.ref is not null or s.aliases is not null)
    ) more where k <> all (keys);
    exit when found is null;
    keys := keys || found;
    if cardinality(keys) > ceiling
      and (select count(*) from statement s where s.type = 'Patient' and s.key = any(keys)) > ceiling then
      -- Whatever it is that so many have in common, a number of a person or of a referral: half of them at least, since one
      -- message may speak of many people who have nothing in common.
      select s.ref into crowded from statement s where s.ref = any(keys)
        and not exists (select from tainted t where t.key = s.ref)
        and not exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)
        group by s.ref having count(distinct s.chart) > ceiling / 2 order by count(distinct s.chart) desc, s.ref limit 1;
      exit when crowded is not null;
    end if;
    foreach item_key in array found loop
      if not pg_try_advisory_xact_lock(skein_lock_key(item_key)) then busy := true; end if;
    end loop;
    exit when busy;
  end loop;
end $$;

create or replace function skein_load(wanted uuid[], ceiling int, sender int, sender_key text) returns json language plpgsql as $$
declare c record; earlier json;
begin
  -- As in 003-load.sql: every look-up here is by an index, and one plan serves all lists of keys.
  perform set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true);
  c := skein_closure(wanted, ceiling);
  if c.busy or c.crowded is not null then
    return json_build_object('keys', c.keys, 'busy', c.busy, 'crowded', c.crowded);
  end if;
  select json_build_object('messageId', n.message_id::text, 'contentHash', n.content_hash, 'status', n.status, 'units', n.units)
    into earlier from intake n where n.system_id = sender and n.identifier = sender_key;
  -- Nobody has spoken of these keys: there is nothing else to read.
  if not exists (select from statement s where s.chart = any(c.keys)) then
    return json_build_object('keys', c.keys, 'busy', false, 'earlier', earlier,
      'tainted', (select json_agg(key) from tainted where key = any(c.keys)));
  end if;
  return json_build_object('keys', c.keys, 'busy', false,
    'earlier', earlier,
    'statements', (select json_agg(json_build_object('key', s.key, 'type', s.type, 'systemId', s.system_id, 'chart', s.chart,
        'ref', s.ref, 'aliases', s.aliases, 'seq', s.seq, 'first', s.first, 'base', s.base, 'times', s.times,
        'content', s.content, 'person', s.person, 'service', y.service_id, 'sector', v.sector, 'kind', v.kind,
        'aside', exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)) order by s.seq)
      from statement s join system y on y.id = s.system_id join service v on v.id = y.service_id where s.chart = any(c.keys)),
    'tainted', (select json_agg(key) from tainted where key = any(c.keys)),
    'views', (select json_agg(json_build_object('rowId', r.row_id::text, 'type', r.type, 'id', r.id, 'version', r.version,
        'digest', r.digest, 'state', r.state, 'owner', r.owner, 'persons', r.persons, 'authors', r.authors, 'service', r.service))
      from resource r where r.owner = any(c.keys)),
    'involvements', (select json_agg(json_build_object('person', i.person, 'service', i.service, 'state', i.state,
        'since', skein_iso(i.since), 'until', skein_iso(i.until))) from involvement i where i.person = any(c.keys)),
    'members', (select json_agg(json_build_object('journey', m.journey, 'person', m.person, 'role', m.role))
      from member m where m.person = any(c.keys)));
end $$;
