-- Where a tenant wants to be told what happens, and what there is to tell: a queue that outlives the platform's process, and
-- the log of what became of it.
CREATE TABLE webhooks (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    url            TEXT NOT NULL,
    description    TEXT NOT NULL,
    -- JSON list of types.
    events         TEXT NOT NULL,
    -- What deliveries are signed with; shown once.
    secret         TEXT NOT NULL,
    is_enabled     BIGINT NOT NULL,
    created_by     TEXT NOT NULL,
    create_time    TEXT NOT NULL,
    -- Since when nothing could be delivered.
    failing_since  TEXT,
    disable_reason TEXT
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant, id);

CREATE TABLE webhook_deliveries (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    webhook     TEXT NOT NULL,
    type        TEXT NOT NULL,
    -- What is sent, byte for byte.
    body        TEXT NOT NULL,
    -- pending, delivered or failed.
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL,
    -- When it is tried next. Whoever takes it moves this, so that nobody else does at the same time.
    next_time   TEXT NOT NULL,
    create_time TEXT NOT NULL,
    end_time    TEXT,
    -- Of the last attempt.
    status      BIGINT,
    error       TEXT
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook, id);
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (state, next_time);
