//! GitHub's API, as far as publishing a report needs it. The only place that speaks HTTP, and the only user of ureq.
//!
//! Waits and repetitions are bounded. The token is never shown, and no redirect is followed, so it goes to the address that
//! was given and to no other.

mod client;
mod error;
pub mod event;
mod github;
mod limits;

pub use client::{Address, Client};
pub use error::{ForgeError, Permission};
pub use github::{Check, Comment, GitHub, Pull};
