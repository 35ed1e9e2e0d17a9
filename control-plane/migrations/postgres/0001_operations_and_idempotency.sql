-- Long-running requests. While one runs, its steps are read from the resource; the row keeps what cannot be read from
-- there any more: when it was asked, and how it ended.
CREATE TABLE operations (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    type        TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_name TEXT NOT NULL,
    is_running  BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    body        TEXT NOT NULL
);
CREATE INDEX operations_by_tenant ON operations (tenant, id);
CREATE INDEX operations_by_target ON operations (tenant, target_kind, target_name, is_running);

-- Requests that carried an Idempotency-Key. `status` is null while the first one runs.
CREATE TABLE idempotency (
    tenant       TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    create_time  TEXT NOT NULL,
    status       BIGINT,
    headers      TEXT,
    body         BYTEA,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX idempotency_by_time ON idempotency (create_time);
