-- One run of the program is called a run, in the store as elsewhere.
ALTER TABLE occasion RENAME TO run;
ALTER TABLE measurement RENAME COLUMN occasion TO run;
ALTER TABLE comparison RENAME COLUMN occasion TO run;
ALTER TABLE claim RENAME COLUMN occasion TO run;

DROP INDEX occasion_by_time;
CREATE INDEX run_by_time ON run (started_ms);
DROP INDEX measurement_by_occasion;
CREATE INDEX measurement_by_run ON measurement (run);
DROP INDEX comparison_by_occasion;
CREATE INDEX comparison_by_run ON comparison (run);
