-- Changes of the cluster's resources that did not pass the API and have a row of the audit.
CREATE TABLE cluster_changes (
    uid     TEXT NOT NULL,
    manager TEXT NOT NULL,
    time    TEXT NOT NULL,
    PRIMARY KEY (uid, manager, time)
);
