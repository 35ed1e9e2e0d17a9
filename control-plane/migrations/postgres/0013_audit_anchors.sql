-- Heads of the audit that are on a chain of the platform's.
CREATE TABLE audit_anchors (
    tenant         TEXT NOT NULL,
    seq            BIGINT NOT NULL,
    hash           TEXT NOT NULL,
    digest         TEXT NOT NULL,
    chain          TEXT NOT NULL,
    channel        TEXT NOT NULL,
    contract       TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    create_time    TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);
