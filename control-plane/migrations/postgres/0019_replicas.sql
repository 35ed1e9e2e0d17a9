-- Replicas of the API that share these tables, and when each was last heard of.
CREATE TABLE replicas (
    name       TEXT PRIMARY KEY,
    version    TEXT NOT NULL,
    start_time TEXT NOT NULL,
    seen_time  TEXT NOT NULL
);
