-- On what footing in law somebody was told: the code that the sharing policy then had for them (docs/adr/0036-subject-access.md). Null:
-- nothing was told, or before this was kept.
alter table audit add column basis text;
alter table attempt add column basis text;
-- Of what was released to the person herself: SHA-256 of the list of what was left out, and by it of all that was given.
alter table audit add column digest text;
