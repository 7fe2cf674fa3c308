-- Why pairs were measured, in other words, and quick checks by a name of their own.
CREATE TABLE comparison_v3 (
    id                   INTEGER PRIMARY KEY,
    run                  INTEGER NOT NULL REFERENCES run (id),
    phase                TEXT NOT NULL
                         CHECK (phase IN ('quick-check', 'measurement', 'remeasurement', 'aa-test', 'claim')),
    baseline_series      INTEGER NOT NULL REFERENCES series (id),
    baseline_revision    INTEGER NOT NULL REFERENCES revision (id),
    baseline_executable  INTEGER NOT NULL REFERENCES executable (id),
    candidate_series     INTEGER NOT NULL REFERENCES series (id),
    candidate_revision   INTEGER NOT NULL REFERENCES revision (id),
    candidate_executable INTEGER NOT NULL REFERENCES executable (id)
) STRICT;
INSERT INTO comparison_v3
SELECT id, run,
       CASE phase WHEN 'proof' THEN 'measurement' WHEN 'confirm' THEN 'remeasurement'
                  WHEN 'null-control' THEN 'aa-test' ELSE phase END,
       baseline_series, baseline_revision, baseline_executable,
       candidate_series, candidate_revision, candidate_executable
FROM comparison;
DROP TABLE comparison;
ALTER TABLE comparison_v3 RENAME TO comparison;
CREATE INDEX comparison_by_run ON comparison (run);

-- How the two launches of a pair were scheduled, in other words.
CREATE TABLE pair_v3 (
    comparison       INTEGER NOT NULL REFERENCES comparison (id) ON DELETE CASCADE,
    idx              INTEGER NOT NULL CHECK (idx >= 0),
    first            TEXT NOT NULL CHECK (first IN ('baseline', 'candidate')),
    schedule         TEXT NOT NULL CHECK (schedule IN ('interleaved', 'sequential')),
    baseline_launch  INTEGER NOT NULL REFERENCES launch (id) ON DELETE CASCADE,
    candidate_launch INTEGER NOT NULL REFERENCES launch (id) ON DELETE CASCADE,
    PRIMARY KEY (comparison, idx)
) STRICT, WITHOUT ROWID;
INSERT INTO pair_v3
SELECT comparison, idx, first,
       CASE schedule WHEN 'turns' THEN 'interleaved' ELSE 'sequential' END,
       baseline_launch, candidate_launch
FROM pair;
DROP TABLE pair;
ALTER TABLE pair_v3 RENAME TO pair;
CREATE INDEX pair_by_baseline_launch ON pair (baseline_launch);
CREATE INDEX pair_by_candidate_launch ON pair (candidate_launch);

UPDATE build SET instrument = replace(instrument, ' + turns', ' (interleaved)');

-- What the judge is given: of a run as a whole, and of each of its benchmarks, as JSON. Pairs are in their own table.
CREATE TABLE run_evidence (
    run         INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
    facts       TEXT NOT NULL
) STRICT;
CREATE TABLE benchmark_evidence (
    run         INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    benchmark   TEXT NOT NULL,
    facts       TEXT NOT NULL,
    PRIMARY KEY (run, benchmark)
) STRICT, WITHOUT ROWID;
