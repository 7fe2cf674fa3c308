-- How many times as long an iteration took in turns as before them, alone, in the mean of both sides: NULL where the two did
-- not take turns, or nothing was seen of either alone.
ALTER TABLE pair ADD COLUMN slowdown REAL;
