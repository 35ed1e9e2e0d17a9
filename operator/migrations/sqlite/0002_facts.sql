-- What lists are looked through for, so that an object is read only when it is wanted. Null until it is known.
alter table resource add column state text;
alter table resource add column labels text;
alter table resource add column words text;
create index resource_facts on resource (kind, namespace, name, state, labels, words);
create index resource_without_facts on resource (name) where words is null;
