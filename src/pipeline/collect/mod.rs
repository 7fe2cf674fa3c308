//! Finding out: each module fills a part of the evidence and judges nothing.
//!
//! | module | fills |
//! |---|---|
//! | [`paired`] | pairs of launches, one at a time, until a test has enough |
//! | [`counts`] | counts, side by side on all CPUs |
//! | [`benchmarks`] | the evidence of a comparison's benchmarks: counts, quick checks, pairs, fresh pairs |
//! | [`reach`] | whether a benchmark runs what differs |
//! | [`history`] | the candidate beside stored runs of the baseline |
//! | [`renames`] | benchmarks that have another name on the baseline |
//! | [`anchor`] | the release since which too much has crept, against the candidate |
//! | [`aa`] | builds measured against themselves |

pub(crate) mod aa;
pub(crate) mod anchor;
pub(crate) mod benchmarks;
pub(crate) mod counts;
pub(crate) mod history;
pub(crate) mod paired;
pub(crate) mod reach;
pub(crate) mod renames;
