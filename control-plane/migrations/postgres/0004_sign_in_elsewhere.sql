-- Sign-ins at the OpenID provider that have begun. Each ends by one answer, or by its time.
CREATE TABLE oidc_sign_ins (
    state_hash   TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    nonce        TEXT NOT NULL,
    verifier     TEXT NOT NULL,
    return_to    TEXT NOT NULL,
    expire_time  TEXT NOT NULL
);
CREATE INDEX oidc_sign_ins_by_time ON oidc_sign_ins (expire_time);

-- Whom a provider means by a subject. An account is one person's at each provider.
CREATE TABLE oidc_subjects (
    issuer      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    create_time TEXT NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, user_id)
);

-- Whether somebody is kept out for the time being, and whether a provider's claim has made them a member.
ALTER TABLE memberships ADD COLUMN suspended BIGINT NOT NULL DEFAULT 0;
ALTER TABLE memberships ADD COLUMN provided BIGINT NOT NULL DEFAULT 0;

CREATE INDEX invitations_by_email ON invitations (email);
