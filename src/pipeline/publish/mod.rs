//! `publish`: a report, which anybody may have written, to a comment and a check run of the commit that the event is about.
//!
//! Nothing of where it goes is taken from the report. [`message`] makes of it what is to be said, [`posting`] says it.

mod message;
mod posting;

pub use message::{Message, PublishRequest, Unpublishable};
pub use posting::{Posted, Posting, verify};
