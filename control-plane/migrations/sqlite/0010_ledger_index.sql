-- What peers have been read for: where each transaction stands and which one wrote which key. Everything here can be made
-- again from the ledgers.
CREATE TABLE ledger_indexes (
    -- uid of the chain, a slash, name of the channel.
    ledger TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    -- Blocks that are indexed.
    height BIGINT NOT NULL
);

CREATE TABLE ledger_transactions (
    ledger      TEXT NOT NULL,
    block       BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    code        TEXT NOT NULL,
    -- As its creator says.
    create_time TEXT,
    creator     TEXT NOT NULL,
    contract    TEXT NOT NULL,
    function    TEXT NOT NULL,
    PRIMARY KEY (ledger, block, position)
);
CREATE INDEX ledger_transactions_by_id ON ledger_transactions (ledger, id);

-- What valid transactions wrote.
CREATE TABLE ledger_writes (
    ledger    TEXT NOT NULL,
    contract  TEXT NOT NULL,
    -- Hexadecimal: parts of a composite key are apart by U+0000, which not every database keeps in text.
    key       TEXT NOT NULL,
    block     BIGINT NOT NULL,
    position  BIGINT NOT NULL,
    is_delete BIGINT NOT NULL,
    PRIMARY KEY (ledger, contract, key, block, position)
);
