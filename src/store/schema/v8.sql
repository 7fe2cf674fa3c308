-- What is known of a bench target of a commit once its executable is gone. Facts are JSON.
CREATE TABLE bench_summary (
    run         INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    revision    INTEGER NOT NULL REFERENCES revision (id),
    package     TEXT NOT NULL,
    target      TEXT NOT NULL,
    build       INTEGER NOT NULL REFERENCES build (id),
    executable  INTEGER NOT NULL REFERENCES executable (id),
    facts       TEXT NOT NULL,
    brings_link INTEGER NOT NULL CHECK (brings_link IN (0, 1)),
    PRIMARY KEY (run, revision, package, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX bench_summary_by_revision ON bench_summary (revision);
CREATE INDEX bench_summary_by_executable ON bench_summary (executable);

-- What an executable was linked from: one number for each name, 6 bytes each, the most significant first, in order.
CREATE TABLE link_summary (
    executable  INTEGER PRIMARY KEY REFERENCES executable (id),
    besides     TEXT NOT NULL,
    nameless    TEXT NOT NULL,
    parts       BLOB NOT NULL
) STRICT;
