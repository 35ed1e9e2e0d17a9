-- Which request of a tenant is being measured against its quotas: one at a time, of all replicas.
CREATE TABLE quota_turns (
    tenant     TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    held_until TEXT NOT NULL
);
