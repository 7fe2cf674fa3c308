//! Flags of what goes to and comes from other machines.

use clap::{Args, Subcommand};

use super::project::{ProjectArgs, StoreArgs};

/// The remote that is meant where none is named.
const ORIGIN: &str = "origin";

const SYNC_HELP: &str = "\
Examples:
  cargo perfguard sync push                        send what this machine measured to the remote `origin`
  cargo perfguard sync pull                        receive what others measured
  cargo perfguard sync compact                     once a week, from one job: many references become one
  cargo perfguard sync push --to dir:/mnt/results  a folder, which rclone or `aws s3 sync` copies on
  cargo perfguard sync push --to postgres://me@db.example.org/perf  a PostgreSQL database; PGPASSWORD holds the password
  cargo perfguard check --pull                     receive, then check

Each run is sent once, under a reference of its own (refs/perfguard/w/ID) that is never changed: writers cannot be in each \
other's way. Branches, tags and the repository here are not touched. Results of machines of the same key (processor, \
system) and of the same build serve as stored results; those of others are shown. Summaries are sent, no raw samples.

Whoever can write to the place can say how fast a baseline was. Let pull requests only pull.

Exit codes: 0 done, also where single runs could not be read (a warning says which); 101 the place could not be used, and \
everything is still in the store; 2 invalid usage.";

/// `sync`
#[derive(Debug, Args)]
#[command(after_help = SYNC_HELP)]
pub(crate) struct SyncArgs {
    #[command(subcommand)]
    pub(crate) command: SyncCommand,
}

/// What to do with a place.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Send every run that was measured here and is not there
    Push(PushArgs),
    /// Receive every run that is unknown here
    Pull(PlaceArgs),
    /// Put the references of single runs into one; nothing is lost, whoever writes meanwhile
    Compact(PlaceArgs),
}

impl SyncCommand {
    /// Where.
    pub(crate) fn at(&self) -> &PlaceArgs {
        match self {
            Self::Push(push) => &push.at,
            Self::Pull(at) | Self::Compact(at) => at,
        }
    }
}

/// `sync push`
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// Send the raw samples of times, too: about ten times as much
    #[arg(long)]
    pub(crate) samples: bool,
    #[command(flatten)]
    pub(crate) at: PlaceArgs,
}

/// Which place, and which store.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// A remote of the repository, a URL of git's, a folder as dir:PATH, or a database as postgres://…
    #[arg(long, value_name = "PLACE", default_value = ORIGIN, visible_alias = "from")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// The same as one step with measuring.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Store")]
pub(crate) struct SharingArgs {
    /// First receive what others measured [default place: origin]; where that fails, a warning says so
    #[arg(long, value_name = "PLACE", num_args = 0..=1, require_equals = true, default_missing_value = ORIGIN)]
    pub(crate) pull: Option<String>,
    /// Send what was measured [default place: origin]; where that fails, the exit code is 101
    #[arg(long, value_name = "PLACE", num_args = 0..=1, require_equals = true, default_missing_value = ORIGIN)]
    pub(crate) push: Option<String>,
}
