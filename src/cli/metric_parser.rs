//! Metrics on the command line: by name, with suggestions and completions.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::domain::Metric;

/// Reads the name of a metric; spaces around it do not matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetricParser;

impl TypedValueParser for MetricParser {
    type Value = Metric;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Metric, clap::Error> {
        let names = PossibleValuesParser::new(Metric::ALL.map(Metric::name));
        let trimmed = value.to_string_lossy();
        let known = names.try_map(|name| super::values::metric(&name));
        known.parse_ref(command, arg, OsStr::new(trimmed.trim()))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Metric::ALL.into_iter().map(|metric| PossibleValue::new(metric.name()))))
    }
}
