-- Who comes of an age that decides who may know of them, and when a decision of competence ends
-- (docs/adr/0031-young-people.md).
create index statement_born on statement ((content ->> 'birthDate')) where type = 'Patient';
create index statement_flag_end on statement ((content #>> '{period,end}')) where type = 'Flag';
