-- What was done, and what was refused: one chain of hashes a tenant, the platform's own under the empty name. A row is
-- never changed.
CREATE TABLE audit_events (
    tenant  TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    time    TEXT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    object  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE INDEX audit_events_by_time ON audit_events (tenant, time);

-- The last row of each chain.
CREATE TABLE audit_heads (
    tenant TEXT PRIMARY KEY,
    seq    BIGINT NOT NULL,
    hash   TEXT NOT NULL
);

-- Changes that have begun. What is left here by a platform that died becomes a row, too.
CREATE TABLE audit_begun (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    create_time TEXT NOT NULL,
    body        TEXT NOT NULL
);
