-- A search in order of time walks all changes of a type: a recipient has its own last one that it sees, which may be any of them.
create index resource_history_updated on resource_history (type, updated_at, row_id);
