-- Tracing (docs/adr/0019-tracing.md). What is found is a fact like any other, a statement of a message; here is only what was asked.

-- Of a chart whose sender verified no number: what became of the last question, and from when it may be asked again. `basis` is a
-- keyed hash of what was asked with, `record_id` the record that the chart had when it was last looked at: where it has
-- another, what it says may be another thing.
create table trace (
  chart uuid primary key, outcome text not null, basis uuid, record_id bigint not null, tries int not null default 0,
  asked_at timestamptz not null, next_at timestamptz not null);
create index statement_untraced on statement (seq) where type = 'Patient' and ref is null;

-- At most one row: which run asks now, since one at a time keeps to the rate that was agreed, and since when the service does not answer.
create table tracing (
  one boolean primary key default true check (one), lease uuid, lease_until timestamptz, failures int not null default 0,
  open_until timestamptz);
