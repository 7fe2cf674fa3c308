//! Counting against a counter of known counts: real store, no process.
