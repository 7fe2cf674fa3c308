//! `site`

use std::path::PathBuf;

use clap::Args;

use super::super::metric_parser::MetricParser;
use super::project::{ProjectArgs, StoreArgs};
use crate::domain::Metric;

const SITE_HELP: &str = "\
Examples:
  cargo perfguard site --output public             an index, and a page for each benchmark
  cargo perfguard sync pull && cargo perfguard site --output public --repository https://github.com/me/project
  cargo perfguard site --output public --metric instructions

The pages need no server: open public/index.html. They load nothing from elsewhere, and can be put anywhere that serves \
files. The same store gives the same bytes. A folder that an earlier `site` wrote is written anew; any other is refused.";

/// `site`
#[derive(Debug, Args)]
#[command(after_help = SITE_HELP)]
pub(crate) struct SiteArgs {
    /// The folder to write: new, empty, or an earlier `site`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// Only these metrics [default: all]
    #[arg(long, value_name = "METRIC", value_delimiter = ',', value_parser = MetricParser)]
    pub(crate) metric: Vec<Metric>,
    /// Where commits can be looked at: a forge's page of the project. Marks and commits become links
    #[arg(long, value_name = "URL", value_parser = repository)]
    pub(crate) repository: Option<String>,
    /// Keep every figure of commits older than the newest 1000, too
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// An address that links may lead to.
fn repository(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    if ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme) && text.len() > scheme.len()) {
        Ok(text.to_owned())
    } else {
        Err("not an address (try https://github.com/me/project)".to_owned())
    }
}
