-- Which legal party an organization is. By the organization's uid: one that is made anew under an old name is not the party
-- that was checked. `revision` counts what was submitted, so that nobody approves what they have not seen.
CREATE TABLE organization_records (
    uid                 TEXT PRIMARY KEY,
    tenant              TEXT NOT NULL,
    organization        TEXT NOT NULL,
    revision            BIGINT NOT NULL,
    content             TEXT NOT NULL,
    state               TEXT NOT NULL,
    reason              TEXT,
    submitted_by        TEXT NOT NULL,
    submit_time         TEXT NOT NULL,
    decided_by          TEXT,
    decide_time         TEXT
);
CREATE INDEX organization_records_by_state ON organization_records (state, uid);
