//! How the program ends: the one place that knows its exit codes.

/// How a command ends. A verdict is never told through an error, and an error never through a verdict's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// The gate passed, or the command did what was asked.
    Passed,
    /// Invalid usage: a bad flag, configuration, revision or benchmark name.
    Usage,
    /// The gate failed: a confirmed regression, a broken claim or an exceeded limit.
    Failed,
    /// Something could not be completed: a build, a benchmark, git, the store or a file.
    Incomplete,
    /// A verdict was required, and a benchmark has none or nothing was compared.
    Unsettled,
}

impl Exit {
    /// What a report's code says.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// The worse of two: errors beat regressions, which beat wanting verdicts.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Passed => 0,
            Self::Unsettled => 1,
            Self::Failed => 2,
            Self::Usage | Self::Incomplete => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    const ALL: [Self; 5] = [Self::Passed, Self::Usage, Self::Failed, Self::Incomplete, Self::Unsettled];

    /// The code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Usage => 2,
            Self::Failed => 100,
            Self::Incomplete => 101,
            Self::Unsettled => 102,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_round() {
        for exit in Exit::ALL {
            assert_eq!(Exit::of_code(exit.code()), Some(exit));
        }
        assert_eq!(Exit::of_code(1), None);
    }

    #[test]
    fn errors_beat_regressions_which_beat_wanting_verdicts() {
        let order = [Exit::Passed, Exit::Unsettled, Exit::Failed, Exit::Incomplete];
        for pair in order.windows(2) {
            assert_eq!((pair[0].or_worse(pair[1]), pair[1].or_worse(pair[0])), (pair[1], pair[1]));
        }
    }

    #[test]
    fn the_codes_are_those_of_the_readme() {
        let page = include_str!("../../README.md");
        let codes = Exit::ALL.map(Exit::code);
        assert_eq!(codes, [0, 2, 100, 101, 102]);
        for code in codes {
            assert!(page.contains(&format!("| {code} |")), "{code} is not in the table of exit codes");
        }
    }
}
