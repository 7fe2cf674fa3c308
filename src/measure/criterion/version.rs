//! What each version of Criterion can do. Held by a test that builds and launches
//! every published one (`tests/integration/measure/versions.rs`).

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use crate::domain::Instrument;
use crate::domain::library::{self, Family};
use crate::measure::options::LaunchOptions;

/// The fewest samples that Criterion accepts.
pub const FEWEST_SAMPLES: u32 = 10;

/// A version of Criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u8,
    /// The second number.
    pub minor: u8,
    /// The third number.
    pub patch: u8,
}

impl From<[u8; 3]> for Version {
    fn from([major, minor, patch]: [u8; 3]) -> Self {
        Self { major, minor, patch }
    }
}

impl Version {
    /// A version by its three numbers.
    pub const fn new(major: u8, minor: u8, patch: u8) -> Self {
        Self { major, minor, patch }
    }

    /// Its three numbers.
    pub const fn numbers(self) -> [u8; 3] {
        [self.major, self.minor, self.patch]
    }

    /// The version of an instrument; `None` for any that is neither Criterion nor a fork of it that is known.
    ///
    /// Forks have numbers of their own. Every one that is known began with Criterion 0.5, and all of their numbers are
    /// higher, so that they can do what a Criterion of their number could.
    pub fn of_instrument(instrument: &Instrument) -> Option<Self> {
        let library = library::library(&instrument.library)?;
        if library.family != Family::Criterion {
            return None;
        }
        let numbers = instrument.version.split([' ', '-', '+']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse::<u8>().ok());
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Some(Self::new(major, minor, patch))
            }
            _ => None,
        }
    }

    /// Whether it reports over a TCP connection. Older ones only write files.
    pub fn connects(self) -> bool {
        self >= Self::new(0, 3, 3)
    }

    /// Whether its filter is a regular expression. Older ones look for the text itself.
    pub fn filters_by_pattern(self) -> bool {
        self >= Self::new(0, 3, 1)
    }

    /// Whether it takes fractions of seconds. Older ones refuse anything but whole seconds.
    pub fn takes_fractions(self) -> bool {
        self >= Self::new(0, 4, 0)
    }

    /// The arguments that set the length of a launch. Whole seconds are rounded up where nothing else is understood.
    pub fn timing(self, options: &LaunchOptions) -> Vec<OsString> {
        let seconds = |time: Duration| {
            let time = time.max(Duration::from_millis(1));
            if self.takes_fractions() {
                format!("{}", time.as_secs_f64())
            } else {
                format!("{}", time.as_secs() + u64::from(time.subsec_nanos() > 0))
            }
        };
        [
            "--warm-up-time".to_owned(),
            seconds(options.warm_up),
            "--measurement-time".to_owned(),
            seconds(options.measurement),
            "--sample-size".to_owned(),
            options.samples.max(FEWEST_SAMPLES).to_string(),
        ]
        .map(OsString::from)
        .to_vec()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_is_read_or_refused() {
        let version = |text: &str| Version::of_instrument(&text.parse().unwrap());
        assert_eq!(version("criterion 0.8.2"), Some(Version::new(0, 8, 2)));
        assert_eq!(version("criterion 0.8.2 (interleaved)"), Some(Version::new(0, 8, 2)));
        assert_eq!(version("criterion2 3.0.5 (interleaved)"), Some(Version::new(3, 0, 5)));
        assert_eq!(version("criterion 0.3.6 (git)"), Some(Version::new(0, 3, 6)));
        for other in ["divan 0.1.0", "criterion", "criterion 0.8", "criterion 0.8.x", "criterion 0.8.2.1"] {
            assert_eq!(version(other), None, "{other}");
        }
    }

    #[test]
    fn times_are_rounded_up_for_versions_that_take_whole_seconds() {
        let options = LaunchOptions {
            warm_up: Duration::from_millis(75),
            measurement: Duration::from_millis(1200),
            samples: 3,
            close: 0.0,
            time_limit: Duration::from_mins(1),
        };
        let timing = |version: Version| version.timing(&options);
        assert_eq!(
            timing(Version::new(0, 8, 2)),
            ["--warm-up-time", "0.075", "--measurement-time", "1.2", "--sample-size", "10"]
        );
        assert_eq!(
            timing(Version::new(0, 3, 6)),
            ["--warm-up-time", "1", "--measurement-time", "2", "--sample-size", "10"]
        );
    }
}
