-- Lock and load for several messages at once. No lock is waited for, neither of the keys asked for nor of those found on the way:
-- where one is taken, that message is `busy` and the others go on, so that one busy family stalls no stranger and no two groups can
-- wait for each other. Each message has its own closure: what `keys` of two have in common says that their families met.
-- `stored`: of a row of a file, whether it is stored already.
create function skein_load_group(members jsonb, ceiling int) returns json language plpgsql as $$
declare m record; taken boolean; loaded json; found json[] := '{}';
begin
  for m in select * from jsonb_to_recordset(members)
    as x(wanted uuid[], sender int, identifier text, message bigint, "position" text)
  loop
    select bool_and(pg_try_advisory_xact_lock(skein_lock_key(k))) into taken from unnest(m.wanted) k;
    if taken then loaded := skein_load(m.wanted, ceiling, m.sender, m.identifier);
    else loaded := json_build_object('keys', m.wanted, 'busy', true);
    end if;
    found := found || json_build_object('loaded', loaded, 'stored', m.message is not null
      and exists (select from record r where r.message_id = m.message and r.position = m."position"));
  end loop;
  return array_to_json(found);
end $$;
