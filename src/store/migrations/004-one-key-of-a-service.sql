-- A service's id is made of its code and team, so that a second unique key said nothing more. It made two first messages at once
-- fail: ON CONFLICT waits for one key only.
alter table service drop constraint service_ods_team_key;
create index service_ods on service (ods);
