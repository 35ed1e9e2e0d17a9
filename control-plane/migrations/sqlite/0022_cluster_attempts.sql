-- Changes of the cluster's resources that somebody is about to make past the API, as the cluster has told before it made them.
CREATE TABLE cluster_attempts (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    time      TEXT NOT NULL,
    body      TEXT NOT NULL
);
CREATE INDEX cluster_attempts_by_object ON cluster_attempts (kind, namespace, name);
CREATE INDEX cluster_attempts_by_time ON cluster_attempts (time);
