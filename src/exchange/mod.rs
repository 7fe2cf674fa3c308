//! Places where machines leave their results for each other: a git remote, a folder, or a database.
//!
//! A place holds runs, each under its id, written once and never changed; what a machine knows is the union of what it
//! measured and what it received. So nothing is ever merged, and no writer waits for another.
//!
//! | module | does |
//! |---|---|
//! | [`text`] | a run as text, and back |
//! | [`git`] | a git remote: one reference for each run, many runs in one after [compacting](git::GitRemote::compact) |
//! | [`folder`] | a folder, which other tools copy to and from object storage |
//! | `postgres` | a PostgreSQL database, where this program was built with the feature of that name |
//! | `secrets` | what is taken out of everything that is shown |

mod error;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod folder;
pub mod git;
#[cfg(feature = "postgres")]
pub mod postgres;
mod secrets;
pub mod text;

use crate::domain::RunUid;

pub use error::{DatabaseFault, ExchangeError, Oddity};
pub use secrets::shown;

/// A run at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub uid: RunUid,
    /// What its content comes to: changes when that does. Only compared with others of the same place.
    pub content: String,
}

/// What became of a run that was to be left at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there now, or was there already as it is.
    There,
    /// Another content is there under its id, and stays.
    Occupied,
}

/// What is found at a place.
#[derive(Debug, Default)]
pub struct Listing {
    /// Its runs, by id.
    pub items: Vec<Item>,
    /// What is there besides.
    pub odd: Vec<Oddity>,
}

/// A place.
pub trait Exchange {
    /// What it is known by in a store: the same whatever name or token leads to it.
    fn key(&self) -> &str;

    /// What people are shown. No secret is in it.
    fn shown(&self) -> &str;

    /// What is there.
    ///
    /// # Errors
    /// The place cannot be reached or read.
    fn list(&mut self) -> Result<Listing, ExchangeError>;

    /// The text of a run that [`Exchange::list`] found.
    ///
    /// # Errors
    /// It is odd (the inner error), or the place cannot be read.
    fn get(&mut self, item: &Item) -> Result<Result<Vec<u8>, Oddity>, ExchangeError>;

    /// Leaves runs there, each once and for all, and says for each what became of it and what its content comes to.
    ///
    /// # Errors
    /// The place cannot be reached or written. Some of them may be there.
    fn put(&mut self, runs: &[(RunUid, Vec<u8>)]) -> Result<Vec<(Put, String)>, ExchangeError>;
}
