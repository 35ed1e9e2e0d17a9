-- The release that a chain runs, beside the other facts that lists are looked through for.
alter table resource add column release text;
drop index resource_facts;
create index resource_facts on resource (kind, namespace, name, state, labels, words, release);
-- Facts are made up for where there are no words.
update resource set words = null;
