-- What a system may write in MSH-3 and MSH-4: 'APPLICATION|FACILITY' in capitals, '*' for any facility; none: whatever it likes.
alter table system add column msh text[] not null default '{}';
