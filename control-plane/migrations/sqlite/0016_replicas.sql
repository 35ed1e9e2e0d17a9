-- How much is left of what each tenant may ask for, where several replicas count together: tokens in thousandths, as of a
-- time in milliseconds since 1970.
CREATE TABLE rate_buckets (
    tenant TEXT PRIMARY KEY,
    level  BIGINT NOT NULL,
    seen   BIGINT NOT NULL
);

-- Who carries out a keyed request, and until when that is believed without another word.
ALTER TABLE idempotency ADD COLUMN holder TEXT;
ALTER TABLE idempotency ADD COLUMN held_until TEXT;
