//! Why something could not be published.

use std::fmt;

use thiserror::Error;

/// What a job must be allowed to do for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To read commits.
    Contents,
    /// To find pull requests.
    ReadPulls,
    /// To comment on pull requests.
    WritePulls,
    /// To make check runs.
    Checks,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Contents => "contents: read",
            Self::ReadPulls => "pull-requests: read",
            Self::WritePulls => "pull-requests: write",
            Self::Checks => "checks: write",
        })
    }
}

/// Why GitHub did not do what it was asked for.
#[derive(Debug, Error)]
pub enum ForgeError {
    /// It refused.
    #[error("GitHub refused {what} with status {status}: {message}")]
    Refused {
        /// What was asked for: `POST /check-runs`.
        what: String,
        /// The status.
        status: u16,
        /// What it said.
        message: String,
        /// What the token must allow for it.
        needs: Permission,
    },
    /// It asked to wait for longer than is waited for.
    #[error("GitHub's rate limit is used up, and {what} would have to wait for {seconds} s")]
    Limited {
        /// What was asked for.
        what: String,
        /// For how long.
        seconds: u64,
    },
    /// No request came through.
    #[error("GitHub cannot be reached at {api} ({what}): {message}")]
    Unreachable {
        /// The API's address.
        api: String,
        /// What was asked for.
        what: String,
        /// Why.
        message: String,
    },
    /// The connection was lost, or the server failed: nobody knows whether the request was carried out.
    #[error("GitHub did not answer {what}: {message}")]
    Lost {
        /// What was asked for.
        what: String,
        /// How.
        message: String,
    },
    /// It answered something that is no such answer.
    #[error("GitHub's answer to {what} is not understood: {message}")]
    Nonsense {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        message: String,
    },
    /// Where it is, or who asks, cannot be used.
    #[error("{name} cannot be used: {wrong}")]
    Address {
        /// The variable it comes from.
        name: &'static str,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The description of the event that started the job is of no use.
    #[error("the event that started this job is not understood: {0}")]
    Event(String),
}

impl ForgeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { status: 401, .. } | Self::Address { name: "GITHUB_TOKEN", .. } => {
                Some("give this step `env: { GITHUB_TOKEN: ${{ github.token }} }`".to_owned())
            }
            Self::Refused { status: 403 | 404, needs, .. } => Some(format!(
                "the token must allow it: write `permissions: {{ {needs} }}` into the job, which must not be one of a pull \
                 request from a fork"
            )),
            Self::Limited { .. } | Self::Lost { .. } => Some("run this job again later".to_owned()),
            Self::Unreachable { .. } => Some(
                "see whether the machine has a network, and HTTPS_PROXY and the server's certificate are right"
                    .to_owned(),
            ),
            Self::Event(_) => Some("run it in a job of `on: workflow_run` or `on: pull_request`".to_owned()),
            Self::Address { .. } => {
                Some("GitHub Actions sets it; see docs/ci.md for other places".to_owned())
            }
            Self::Refused { .. } | Self::Nonsense { .. } => None,
        }
    }

    /// Whether the request may have been carried out all the same.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Whether what was sent is not as it has to be.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 422, .. })
    }
}
