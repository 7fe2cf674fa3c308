//! What one side of a comparison is built with instead of what holds for both.

use clap::Args;

use super::super::values;
use crate::source::GivenLock;

/// `--baseline-X` and `--candidate-X`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "One side alone (without CANDIDATE both sides are BASE)")]
pub(crate) struct AxisArgs {
    /// Build the baseline with this toolchain: a name of rustup's, or the path of one
    #[arg(long, value_name = "TOOLCHAIN")]
    pub(crate) baseline_toolchain: Option<String>,
    /// Build the candidate with this toolchain
    #[arg(long, value_name = "TOOLCHAIN")]
    pub(crate) candidate_toolchain: Option<String>,
    /// Build the baseline with these RUSTFLAGS
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    pub(crate) baseline_rustflags: Option<String>,
    /// Build the candidate with these RUSTFLAGS
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    pub(crate) candidate_rustflags: Option<String>,
    /// Build the baseline with these features
    #[arg(long, value_name = "FEATURES")]
    pub(crate) baseline_features: Vec<String>,
    /// Build the candidate with these features
    #[arg(long, value_name = "FEATURES")]
    pub(crate) candidate_features: Vec<String>,
    /// Build the baseline without the `default` feature
    #[arg(long)]
    pub(crate) baseline_no_default_features: bool,
    /// Build the candidate without the `default` feature
    #[arg(long)]
    pub(crate) candidate_no_default_features: bool,
    /// Build the baseline with this profile
    #[arg(long, value_name = "PROFILE-NAME")]
    pub(crate) baseline_profile: Option<String>,
    /// Build the candidate with this profile
    #[arg(long, value_name = "PROFILE-NAME")]
    pub(crate) candidate_profile: Option<String>,
    /// Build the baseline with this file in the place of its Cargo.lock
    #[arg(long, value_name = "FILE", value_parser = values::lock_file())]
    pub(crate) baseline_lockfile: Option<GivenLock>,
    /// Build the candidate with this file in the place of its Cargo.lock
    #[arg(long, value_name = "FILE", value_parser = values::lock_file())]
    pub(crate) candidate_lockfile: Option<GivenLock>,
    /// Build and run the baseline with this variable; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::variable)]
    pub(crate) baseline_env: Vec<(String, String)>,
    /// Build and run the candidate with this variable; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::variable)]
    pub(crate) candidate_env: Vec<(String, String)>,
    /// Build the baseline with this setting of Cargo's `--config`; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) baseline_config: Vec<String>,
    /// Build the candidate with this setting of Cargo's `--config`; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) candidate_config: Vec<String>,
}
