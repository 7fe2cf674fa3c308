-- What is shared with other machines: by its id, where each run was sent to or received from, and what it was there. Kept
-- when the run is pruned, so that it does not come back.
CREATE TABLE exchanged (
    uid         BLOB NOT NULL CHECK (length(uid) = 16),
    place       TEXT NOT NULL,
    direction   TEXT NOT NULL CHECK (direction IN ('sent', 'received')),
    content     TEXT NOT NULL,
    PRIMARY KEY (uid, place)
) STRICT, WITHOUT ROWID;

-- What pairs came to that other machines measured: their launches' samples stay there.
CREATE TABLE received_pair (
    comparison  INTEGER NOT NULL REFERENCES comparison (id) ON DELETE CASCADE,
    idx         INTEGER NOT NULL CHECK (idx >= 0),
    first       TEXT NOT NULL CHECK (first IN ('baseline', 'candidate')),
    schedule    TEXT NOT NULL CHECK (schedule IN ('interleaved', 'sequential')),
    layout_seed INTEGER,
    log_ratio   REAL NOT NULL,
    PRIMARY KEY (comparison, idx)
) STRICT, WITHOUT ROWID;
