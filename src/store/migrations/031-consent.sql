-- What people agreed to and refused (docs/adr/0024-consent.md), and that a child is placed (0025-placement.md): asked
-- with every grant, and a Consent found by its id.
create index statement_ruling on statement (person) where type = 'Flag';
create index statement_consent on statement (person) where type = 'Consent';
create index statement_consent_id on statement ((content ->> 'id')) where type = 'Consent';
-- When one begins or ends somebody may have to be told; ISO instants of one form.
create index statement_consent_start on statement ((content #>> '{provision,period,start}')) where type = 'Consent';
create index statement_consent_end on statement ((content #>> '{provision,period,end}')) where type = 'Consent';
