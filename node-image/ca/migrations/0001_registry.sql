-- Who may enrol, under which affiliation, and every certificate that was issued. Times are seconds since the Unix epoch.
CREATE TABLE identities (
    id              TEXT   NOT NULL PRIMARY KEY,
    -- argon2id, with its parameters and salt
    secret          TEXT   NOT NULL,
    type            TEXT   NOT NULL,
    affiliation     TEXT   NOT NULL,
    -- JSON: [{"name", "value", "ecert"}]
    attributes      TEXT   NOT NULL,
    -- -1: without limit
    max_enrollments BIGINT NOT NULL,
    enrollments     BIGINT NOT NULL,
    -- 0 or 1
    revoked         BIGINT NOT NULL,
    failed_attempts BIGINT NOT NULL,
    -- No secret is looked at before this time
    blocked_until   BIGINT NOT NULL
);

CREATE TABLE affiliations (
    name TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE certificates (
    -- Lower case hexadecimal without leading zeros, as Fabric CA's clients name them
    serial     TEXT   NOT NULL,
    aki        TEXT   NOT NULL,
    identity   TEXT   NOT NULL,
    pem        TEXT   NOT NULL,
    not_after  BIGINT NOT NULL,
    -- NULL: it is good
    revoked_at BIGINT,
    -- RFC 5280, CRLReason
    reason     BIGINT NOT NULL,
    PRIMARY KEY (serial, aki)
);

CREATE INDEX certificates_by_identity ON certificates (identity);
CREATE INDEX certificates_by_revocation ON certificates (revoked_at);
