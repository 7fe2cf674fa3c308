-- How many times as long an iteration of each side took in turns as before them, alone: NULL where the two did not take turns, or
-- nothing was seen of either alone.
ALTER TABLE pair ADD COLUMN baseline_slowdown REAL;
ALTER TABLE pair ADD COLUMN candidate_slowdown REAL;
