CREATE TABLE machine (
    id          INTEGER PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    arch        TEXT NOT NULL,
    os          TEXT NOT NULL,
    cpu_model   TEXT NOT NULL,
    facts       TEXT NOT NULL
) STRICT;

CREATE TABLE build (
    id          INTEGER PRIMARY KEY,
    rustc       TEXT NOT NULL,
    host        TEXT NOT NULL,
    target      TEXT NOT NULL,
    arch        TEXT NOT NULL GENERATED ALWAYS AS (substr(target, 1, instr(target || '-', '-') - 1)) VIRTUAL,
    profile     TEXT NOT NULL,
    settings    TEXT NOT NULL,
    features    TEXT NOT NULL,
    rustflags   TEXT NOT NULL,
    instrument  TEXT NOT NULL,
    UNIQUE (rustc, host, target, profile, settings, features, rustflags, instrument)
) STRICT;

CREATE TABLE revision (
    id          INTEGER PRIMARY KEY,
    commit_id   TEXT NOT NULL,
    dirty       INTEGER NOT NULL CHECK (dirty IN (0, 1)),
    tree_id     TEXT NOT NULL,
    UNIQUE (commit_id, dirty, tree_id)
) STRICT;

CREATE TABLE benchmark (
    id          INTEGER PRIMARY KEY,
    package     TEXT NOT NULL,
    target      TEXT NOT NULL,
    name        TEXT NOT NULL,
    UNIQUE (package, target, name)
) STRICT;

CREATE TABLE executable (
    id          INTEGER PRIMARY KEY,
    digest      TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE occasion (
    id              INTEGER PRIMARY KEY,
    uid             BLOB NOT NULL UNIQUE DEFAULT (randomblob(16)) CHECK (length(uid) = 16),
    command         TEXT NOT NULL,
    started_ms      INTEGER NOT NULL,
    machine         INTEGER NOT NULL REFERENCES machine (id),
    program_version TEXT NOT NULL,
    seed            INTEGER NOT NULL
) STRICT;
CREATE INDEX occasion_by_time ON occasion (started_ms);

CREATE TABLE series (
    id          INTEGER PRIMARY KEY,
    benchmark   INTEGER NOT NULL REFERENCES benchmark (id),
    metric      TEXT NOT NULL,
    machine     INTEGER NOT NULL REFERENCES machine (id),
    build       INTEGER NOT NULL REFERENCES build (id),
    provenance  TEXT NOT NULL CHECK (provenance IN ('native', 'emulated')),
    UNIQUE (benchmark, metric, machine, build, provenance)
) STRICT;

CREATE TABLE measurement (
    id          INTEGER PRIMARY KEY,
    revision    INTEGER NOT NULL REFERENCES revision (id),
    series      INTEGER NOT NULL REFERENCES series (id),
    occasion    INTEGER NOT NULL REFERENCES occasion (id),
    started_ms  INTEGER NOT NULL,
    value       REAL NOT NULL,
    launches    INTEGER NOT NULL CHECK (launches > 0),
    UNIQUE (revision, series, occasion)
) STRICT;
CREATE INDEX measurement_by_time ON measurement (series, started_ms, id);
CREATE INDEX measurement_by_occasion ON measurement (occasion);

CREATE TABLE launch (
    id          INTEGER PRIMARY KEY,
    measurement INTEGER NOT NULL REFERENCES measurement (id) ON DELETE CASCADE,
    executable  INTEGER NOT NULL REFERENCES executable (id),
    cpu         INTEGER,
    seconds     REAL NOT NULL,
    median      REAL NOT NULL,
    samples     BLOB NOT NULL
) STRICT;
CREATE INDEX launch_by_measurement ON launch (measurement);

CREATE TABLE comparison (
    id                   INTEGER PRIMARY KEY,
    occasion             INTEGER NOT NULL REFERENCES occasion (id),
    phase                TEXT NOT NULL CHECK (phase IN ('proof', 'confirm', 'null-control', 'claim')),
    baseline_series      INTEGER NOT NULL REFERENCES series (id),
    baseline_revision    INTEGER NOT NULL REFERENCES revision (id),
    baseline_executable  INTEGER NOT NULL REFERENCES executable (id),
    candidate_series     INTEGER NOT NULL REFERENCES series (id),
    candidate_revision   INTEGER NOT NULL REFERENCES revision (id),
    candidate_executable INTEGER NOT NULL REFERENCES executable (id)
) STRICT;
CREATE INDEX comparison_by_occasion ON comparison (occasion);

CREATE TABLE pair (
    comparison       INTEGER NOT NULL REFERENCES comparison (id) ON DELETE CASCADE,
    idx              INTEGER NOT NULL CHECK (idx >= 0),
    first            TEXT NOT NULL CHECK (first IN ('baseline', 'candidate')),
    schedule         TEXT NOT NULL CHECK (schedule IN ('turns', 'whole-process')),
    baseline_launch  INTEGER NOT NULL REFERENCES launch (id) ON DELETE CASCADE,
    candidate_launch INTEGER NOT NULL REFERENCES launch (id) ON DELETE CASCADE,
    PRIMARY KEY (comparison, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_by_baseline_launch ON pair (baseline_launch);
CREATE INDEX pair_by_candidate_launch ON pair (candidate_launch);

CREATE TABLE claim (
    occasion    INTEGER NOT NULL REFERENCES occasion (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    revision    INTEGER NOT NULL REFERENCES revision (id),
    build       INTEGER NOT NULL REFERENCES build (id),
    verdict     TEXT NOT NULL CHECK (verdict IN ('confirmed', 'refuted', 'undecided')),
    ratio       REAL,
    low         REAL,
    high        REAL,
    at_least    REAL NOT NULL,
    PRIMARY KEY (occasion, name, build)
) STRICT, WITHOUT ROWID;

CREATE VIEW measurements_of AS
SELECT revision.commit_id,
       revision.dirty,
       machine.key                                                        AS machine,
       machine.cpu_model,
       build.arch,
       build.target,
       build.rustc,
       benchmark.package || '::' || benchmark.target || '::' || benchmark.name AS benchmark,
       series.metric,
       series.provenance,
       measurement.occasion,
       measurement.started_ms,
       measurement.value,
       measurement.launches
FROM measurement
JOIN revision ON revision.id = measurement.revision
JOIN series ON series.id = measurement.series
JOIN machine ON machine.id = series.machine
JOIN build ON build.id = series.build
JOIN benchmark ON benchmark.id = series.benchmark;
