-- By a label of its sender (docs/adr/0023-labels.md) a person is opened by no other member of a journey.
alter table member add column restricted boolean not null default false;
create index member_restricted on member (person) where restricted;

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
      'tainted', (select json_agg(key) from tainted where key = any(c.keys)),
      'frozen', (select json_agg(number) from frozen where number = any(c.keys)));
  end if;
  return json_build_object('keys', c.keys, 'busy', false,
    'earlier', earlier,
    'statements', (select json_agg(json_build_object('key', s.key, 'type', s.type, 'systemId', s.system_id, 'chart', s.chart,
        'ref', s.ref, 'aliases', s.aliases, 'seq', s.seq, 'first', s.first, 'base', s.base, 'times', s.times,
        'content', s.content, 'person', s.person, 'team', s.team, 'service', v.id, 'sector', v.sector, 'kind', v.kind,
        'aside', exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)) order by s.seq)
      from statement s join system y on y.id = s.system_id join service v on v.id = coalesce(s.team, y.service_id)
      where s.chart = any(c.keys)),
    'tainted', (select json_agg(key) from tainted where key = any(c.keys)),
    'frozen', (select json_agg(number) from frozen where number = any(c.keys)),
    'views', (select json_agg(json_build_object('rowId', r.row_id::text, 'type', r.type, 'id', r.id, 'version', r.version,
        'digest', r.digest, 'state', r.state, 'owner', r.owner, 'persons', r.persons, 'authors', r.authors, 'service', r.service))
      from resource r where r.owner = any(c.keys)),
    'involvements', (select json_agg(json_build_object('person', i.person, 'service', i.service,
        'journey', i.journey, 'state', i.state,
        'since', skein_iso(i.since), 'until', skein_iso(i.until))) from involvement i where i.person = any(c.keys)),
    'members', (select json_agg(json_build_object('journey', m.journey, 'person', m.person, 'role', m.role,
        'closes', skein_iso(m.closes), 'held', m.held, 'restricted', m.restricted))
      from member m where m.person = any(c.keys)));
end $$;
