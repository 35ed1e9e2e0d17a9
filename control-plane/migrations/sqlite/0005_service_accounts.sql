-- What a ServiceAccount of the cluster is in a tenant.
CREATE TABLE service_accounts (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    create_time TEXT NOT NULL,
    use_time    TEXT,
    UNIQUE (tenant, namespace, name)
);
