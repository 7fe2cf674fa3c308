//! Stores that are not what they seem.

use std::fs;

use rusqlite::Connection;

use super::{Stranger, WITH_STORE, pipe};

fn poisoned(poison: &str) -> Stranger {
    let stranger = Stranger::new();
    let path = stranger.sandbox.path(".perfguard/store.db");
    drop(perfguard::store::Store::open(&path).unwrap());
    Connection::open(path).unwrap().execute_batch(poison).unwrap();
    stranger
}

#[test]
fn a_trigger_or_a_view_is_refused() {
    let rewrites = "CREATE TRIGGER t AFTER INSERT ON pair BEGIN UPDATE launch SET median = 1; END";
    poisoned(rewrites).refuses(&WITH_STORE, &["the trigger `t` is none of it", "begin afresh"]);
    let stranger = poisoned(
        "ALTER TABLE run_evidence RENAME TO forged; CREATE VIEW run_evidence AS SELECT * FROM forged",
    );
    stranger.refuses(&WITH_STORE[..1], &["`forged` is none of it"]);
}

#[test]
fn a_pipe_is_refused_at_once() {
    let stranger = Stranger::new();
    fs::create_dir(stranger.sandbox.path(".perfguard")).unwrap();
    pipe(&stranger.sandbox.path(".perfguard/store.db"));
    stranger.refuses(&WITH_STORE, &["no ordinary file"]);
}
