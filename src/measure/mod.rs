//! Launches of executables, interleaved and in pairs, and what they report; facts about the machine.
//!
//! One launch starts a built bench in a process group of its own, serves Criterion's protocol to it, and ends with
//! samples or with a [`failure::LaunchFailure`]; nothing of it stays alive afterwards.
//!
//! | module | knows |
//! |---|---|
//! | [`plan`] | pure: order of pairs, length of launches, what to visit next |
//! | [`coordinator`] | the runner the program uses: interleaved where it can be, sequential elsewhere |
//! | [`runner`] | the trait the pipeline measures through |
//! | [`counter`] | the trait the pipeline counts through |
//! | `counting` | the counter the program uses: one launch that counts (Unix) |
//! | [`callgrind`] | pure: what Callgrind writes, as a profile |
//! | `interleaved` | two processes that change turns after every sample (Unix) |
//! | [`sequential`] | the runner that starts one process after the other |
//! | [`invocation`] | pure: how a built bench is started |
//! | [`launch`] | one launch, from start to end |
//! | [`homes`] | the trait through which source trees are entered and kept as they were |
//! | [`options`] | how long a launch takes |
//! | [`excess`] | how much a launch may say, print and write |
//! | [`output`] | what a process printed |
//! | [`harness`], [`harnesses`] | the seam for measuring libraries, and which one a bench is measured through |
//! | [`listing`] | the benchmarks an executable says it has |
//! | [`command`] | whole commands, of which a launch is a sample |
//! | [`libtest`] | `#[bench]` functions |
//! | `difference` | pure: where what both sides printed differs |
//! | `whole` | one launch of an executable that tells of itself by what it prints |
//! | [`criterion`] | Criterion's wire formats, files and filters |
//! | [`divan`] | what a copied divan tells |
//! | [`fitness`] | what the machine is like right now |
//! | [`machine`] | what makes two machines comparable |

pub mod callgrind;
pub mod command;
pub mod coordinator;
pub mod counter;
#[cfg(unix)]
pub mod counting;
pub mod criterion;
mod difference;
pub mod divan;
pub mod excess;
pub mod failure;
pub mod fitness;
pub mod harness;
pub mod harnesses;
pub mod homes;
#[cfg(unix)]
pub mod interleaved;
pub mod invocation;
pub mod launch;
pub mod libtest;
pub mod listing;
pub mod machine;
pub mod options;
pub mod output;
pub mod plan;
pub mod runner;
pub mod sequential;
mod whole;
