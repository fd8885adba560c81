-- What a service might see where that is little: by whom a row is about, who wrote it and whose it is. Nearly every row has one
-- person and one author; those of several have an index of their own, which costs such rows only.
create index resource_person on resource ((persons[1]), type);
create index resource_persons on resource using gin (persons) where cardinality(persons) > 1;
create index resource_author on resource ((authors[1]), type);
create index resource_authors on resource using gin (authors) where cardinality(authors) > 1;
create index resource_service on resource (service, type) where service is not null;
