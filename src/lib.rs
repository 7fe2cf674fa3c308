//! The engine behind `cargo perfguard`.
//!
//! Data goes one way: **source → discover → build → measure → store → judge → report**. A revision is resolved and its
//! files extracted ([`source`](crate::domain::revision)); the workspace's bench targets are found; each side is built at the same
//! absolute path; launches are measured in pairs; every pair is stored at once, raw samples included; the judge sees
//! only what the store gives back; a report is rendered. Every command is a contiguous slice of that line.
//!
//! Lower layers never import higher ones and siblings never import each other: what they hand over lives in
//! [`domain`]. A test parses the imports and holds the table in `docs/architecture.md`.

pub mod blame;
pub mod build;
pub mod cli;
pub mod discover;
pub mod domain;
pub mod exchange;
pub mod forge;
pub mod judge;
pub mod measure;
pub mod pipeline;
pub mod report;
pub mod source;
pub mod stats;
pub mod store;
pub mod support;
