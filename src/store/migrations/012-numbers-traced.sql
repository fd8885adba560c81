-- 'traced': what this system sends as an NHS number was traced before it was sent, though its messages carry no tracing status.
alter table system add column numbers text check (numbers in ('traced'));
