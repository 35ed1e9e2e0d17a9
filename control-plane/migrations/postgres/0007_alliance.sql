-- The directory of the alliance's institutions. `words` is what a text is looked for in, in lower case.
CREATE TABLE alliance_institutions (
    name         TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    sector       TEXT NOT NULL,
    region       TEXT NOT NULL,
    level        TEXT NOT NULL,
    words        TEXT NOT NULL
);
CREATE INDEX alliance_institutions_by_sector ON alliance_institutions (sector, name);
