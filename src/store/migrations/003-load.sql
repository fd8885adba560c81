-- Lock and load in one round trip. Volatile plpgsql takes a fresh snapshot per statement, so what is read here was committed
-- before its locks were taken.

create function skein_lock_key(key uuid) returns bigint language sql immutable as $$ select hashtextextended(key::text, 0) $$;

create function skein_iso(at timestamptz) returns text language sql stable as
$$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- The closure of identity keys that `wanted` can touch, all locked for the transaction. The keys asked for are locked in order,
-- waiting; those found on the way are only tried: when one is taken, `busy` says to begin again with every key found so far.
-- More than `ceiling` people around one message: some number is used as a placeholder, and `crowded` is the one most carry. Once
-- in `tainted` it is not followed any more.
create function skein_closure(wanted uuid[], ceiling int, out keys uuid[], out busy boolean, out crowded uuid)
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
      union select s.ref from statement s where s.chart = any(keys) and s.ref is not null
    ) more where k <> all (keys);
    exit when found is null;
    keys := keys || found;
    if cardinality(keys) > ceiling
      and (select count(*) from statement s where s.type = 'Patient' and s.key = any(keys)) > ceiling then
      select s.ref into crowded from statement s where s.ref = any(keys) and s.type in ('Patient', 'RelatedPerson')
        and not exists (select from tainted t where t.key = s.ref) group by s.ref order by count(*) desc limit 1;
      return;
    end if;
    foreach item_key in array found loop
      if not pg_try_advisory_xact_lock(skein_lock_key(item_key)) then busy := true; end if;
    end loop;
    exit when busy;
  end loop;
end $$;

-- Also what an earlier delivery of the same message came to: two deliveries are decided one after the other.
create function skein_load(wanted uuid[], ceiling int, sender int, sender_key text) returns json language plpgsql as $$
declare c record; earlier json;
begin
  -- For the whole transaction: a plan that a session made while tables were small (seen: whole-table scans until autovacuum's
  -- first visit, 5 times slower after 500 messages) is kept by it for long, and every look-up here is by an index. One plan for
  -- all: PostgreSQL would plan anew for every list of keys, at 3 times the cost of running it.
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
        'ref', s.ref, 'seq', s.seq, 'first', s.first, 'base', s.base, 'times', s.times, 'content', s.content,
        'person', s.person, 'service', y.service_id, 'sector', v.sector) order by s.seq)
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
