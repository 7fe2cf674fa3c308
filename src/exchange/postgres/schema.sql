CREATE TABLE IF NOT EXISTS perfguard_schema (
    version integer NOT NULL
);

-- A run, as its text: docs/history.md.
CREATE TABLE IF NOT EXISTS perfguard_run (
    uid     bytea       PRIMARY KEY CHECK (octet_length(uid) = 16),
    digest  text        NOT NULL,
    started timestamptz NOT NULL,
    body    bytea       NOT NULL
);

-- The same measurements as plain rows, for dashboards. The program never reads them.
CREATE TABLE IF NOT EXISTS perfguard_measurement (
    uid        bytea            NOT NULL REFERENCES perfguard_run ON DELETE CASCADE,
    number     integer          NOT NULL,
    started    timestamptz      NOT NULL,
    commit_id  text             NOT NULL,
    dirty      boolean          NOT NULL,
    provenance text             NOT NULL,
    machine    text             NOT NULL,
    arch       text             NOT NULL,
    cpu_model  text             NOT NULL,
    target     text             NOT NULL,
    rustc      text             NOT NULL,
    profile    text             NOT NULL,
    settings   text             NOT NULL,
    features   text             NOT NULL,
    rustflags  text             NOT NULL,
    instrument text             NOT NULL,
    benchmark  text             NOT NULL,
    metric     text             NOT NULL,
    unit       text             NOT NULL,
    value      double precision NOT NULL,
    launches   integer          NOT NULL,
    PRIMARY KEY (uid, number)
);

CREATE INDEX IF NOT EXISTS perfguard_measurement_series
    ON perfguard_measurement (benchmark, metric, machine, started);
CREATE INDEX IF NOT EXISTS perfguard_measurement_commit
    ON perfguard_measurement (commit_id, machine);

INSERT INTO perfguard_schema (version) SELECT 1 WHERE NOT EXISTS (SELECT FROM perfguard_schema);
