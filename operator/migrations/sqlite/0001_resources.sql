-- One row a resource; `object` holds all of it as JSON. The columns beside it are what writes compare and count.
create table resource (
    kind text not null,
    namespace text not null,
    name text not null,
    resource_version bigint not null,
    object text not null,
    primary key (kind, namespace, name)
);

-- Counts every change of every resource, as a cluster's resourceVersion does.
create table revision (
    id integer primary key,
    value bigint not null
);

insert into revision (id, value) values (1, 0);
