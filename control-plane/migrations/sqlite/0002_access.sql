-- People. What may be missing: a password (who signs in elsewhere), a second factor.
CREATE TABLE users (
    id                   TEXT PRIMARY KEY,
    email                TEXT NOT NULL UNIQUE,
    display_name         TEXT NOT NULL,
    password_hash        TEXT,
    must_change_password BIGINT NOT NULL,
    is_platform_operator BIGINT NOT NULL,
    totp_secret          TEXT,
    totp_pending         TEXT,
    totp_step            BIGINT NOT NULL,
    create_time          TEXT NOT NULL,
    sign_in_time         TEXT
);

-- What a user is in a tenant.
CREATE TABLE memberships (
    tenant      TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role        TEXT NOT NULL,
    create_time TEXT NOT NULL,
    PRIMARY KEY (tenant, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

-- Failed attempts to sign in, by what was tried, whether or not there is such a user.
CREATE TABLE sign_in_attempts (
    subject     TEXT PRIMARY KEY,
    failures    BIGINT NOT NULL,
    locked_time TEXT NOT NULL
);

-- One-time codes in place of a second factor that was lost.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- Of cookies only the hashes are kept.
CREATE TABLE sessions (
    hash        TEXT PRIMARY KEY,
    id          TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant      TEXT,
    csrf_token  TEXT NOT NULL,
    create_time TEXT NOT NULL,
    seen_time   TEXT NOT NULL,
    expire_time TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_time ON sessions (expire_time);

CREATE TABLE invitations (
    id          TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    hash        TEXT NOT NULL UNIQUE,
    email       TEXT,
    role        TEXT NOT NULL,
    invited_by  TEXT NOT NULL,
    create_time TEXT NOT NULL,
    expire_time TEXT NOT NULL
);
CREATE INDEX invitations_by_tenant ON invitations (tenant, id);

-- `old_hash` is accepted beside `hash` until `old_expire_time`, so that a key can be exchanged without a gap.
CREATE TABLE api_keys (
    id              TEXT PRIMARY KEY,
    tenant          TEXT NOT NULL,
    name            TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    chains          TEXT,
    hash            TEXT NOT NULL,
    old_hash        TEXT,
    old_expire_time TEXT,
    created_by      TEXT NOT NULL,
    create_time     TEXT NOT NULL,
    expire_time     TEXT NOT NULL,
    use_time        TEXT
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, id);

-- Keys that sign tokens. One signs; those before it are still believed until the last token of theirs has expired.
CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    private_key TEXT NOT NULL,
    create_time TEXT NOT NULL
);
