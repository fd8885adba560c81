-- The second wall (docs/adr/0035-least-privilege-and-a-second-wall.md): what is read for somebody is read as the role
-- `reader`, which sees no row of anybody who is a stranger to whom it reads for. Never narrower than what access decides.

-- The service that is read for (`set local skein.reader`); null for the operator, and where nobody is named.
create function skein_reading() returns uuid language sql stable as
$$ select case when length(current_setting('skein.reader', true)) = 36 then current_setting('skein.reader', true)::uuid end $$;

-- Has this service to do with any of these persons, or with anybody of a journey that one of them is in? Or is it for everybody?
-- The same as visibleSql, but for who said a row and who gives its care, which the policy asks by itself. Question by question,
-- the likeliest first: all in one query, whose every table is opened for each row, took thirty times as long.
create function skein_reaches(reader uuid, of_type text, of_id uuid, about uuid[]) returns boolean
language plpgsql stable strict security definer as $$
declare one uuid;
begin
  if of_type = 'Basic' then return true; end if;
  foreach one in array about loop
    if exists (select from involvement i where i.person = one and i.service = reader) then return true; end if;
  end loop;
  foreach one in array about loop
    if exists (select from member m join involvement i on i.journey = m.journey and i.person <> m.person
         and i.service = reader and i.state = 'open' where m.person = one) then return true; end if;
  end loop;
  if of_type = 'Organization' and exists (select from service v where v.id = of_id and v.registered) then return true; end if;
  foreach one in array about loop
    if exists (select from glass g where g.person = one and g.service = reader and g.expires_at > now()) then return true; end if;
  end loop;
  return false;
end $$;

-- Rows of resources that have one of these entries in the index, which a reader may not look through.
create function skein_linked(params smallint[], hashes bigint[]) returns bigint[] language sql stable security definer as $$
  select array(select t.row_id from unnest(params, hashes) as wanted (param, hash) join index_token t using (param, hash))
$$;

-- Policies of the roles that there are now: a database that was given to another owner has those of the former.
create function skein_raise_wall() returns void language plpgsql as $$
declare
  service regrole := quote_ident(skein_role('service'))::regrole;
  reader regrole := quote_ident(skein_role('reader'))::regrole;
  part text;
begin
  foreach part in array array['resource', 'resource_history'] loop
    continue when exists (select from pg_policy where polrelid = to_regclass(part) and service = any(polroles));
    execute format('drop policy if exists service on %I', part);
    execute format('drop policy if exists reader on %I', part);
    execute format('create policy service on %I to %s using (true)', part, service);
    execute format($policy$create policy reader on %I for select to %s using (
      (select current_setting('skein.reader', true)) = 'operator'
      or service = (select skein_reading()) or (select skein_reading()) = any(authors)
      or skein_reaches((select skein_reading()), type, id, persons))$policy$, part, reader);
    execute format('alter table %I enable row level security', part);
  end loop;
  -- Without the store's own key no number is found again, so nothing that serves replaces it.
  if not exists (select from pg_policy where polrelid = to_regclass('setting') and service = any(polroles)) then
    drop policy if exists known on setting;
    drop policy if exists added on setting;
    drop policy if exists changed on setting;
    execute format('create policy known on setting for select to %s using (true)', service);
    execute format('create policy added on setting for insert to %s with check (name <> ''key'')', service);
    execute format('create policy changed on setting for update to %s using (name <> ''key'')', service);
    alter table setting enable row level security;
  end if;
end $$;

do $$
declare name text;
begin
  foreach name in array array['skein_reaches(uuid, text, uuid, uuid[])', 'skein_linked(smallint[], bigint[])'] loop
    execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
    execute format('revoke execute on function %s from public', name);
  end loop;
end $$;
