-- What the machine code that a launch executed comes to: NULL where it was not counted, or nobody could tell. Two launches that
-- agree in it and in how many iterations they counted ran the same instructions equally often.
ALTER TABLE launch ADD COLUMN code TEXT;
