-- What the layout of a pair's executables was drawn from; NULL where they were as the build made them.
ALTER TABLE pair ADD COLUMN layout_seed INTEGER;
