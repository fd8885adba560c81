-- What people of a service say on pages is kept as messages of a system of that service, which no software is:
-- one for each service, made when it is first needed, with no credentials.
alter table system add column for_pages boolean not null default false;
create unique index system_for_pages on system (service_id) where for_pages;
