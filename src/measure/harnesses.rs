//! Which harness a bench is measured through.

use super::command::harness::Command;
use super::criterion::harness::Criterion;
use super::divan::harness::Divan;
use super::harness::Harness;
use super::libtest::Libtest;
use crate::domain::Instrument;
use crate::domain::library::{self, Family};

/// The harness of an instrument, by the library it names.
pub fn harness_of(instrument: &Instrument) -> &'static dyn Harness {
    match library::family(&instrument.library) {
        Family::Criterion => &Criterion,
        Family::Divan => &Divan,
        Family::Command => &Command,
        Family::Libtest => &Libtest,
    }
}
