-- When each system last read a journey, so that it can be told what has changed since; told to nobody else.
create table journey_look (
  system_id int not null references system, journey uuid not null, at timestamptz not null,
  primary key (system_id, journey));
