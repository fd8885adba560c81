-- Who approved a policy that lets somebody know more, or lets a word count for more, than the one before it; `digest` of both its files.
create table policy_approval (
  digest text not null, by_name text not null, at timestamptz not null default now(), primary key (digest, by_name));
