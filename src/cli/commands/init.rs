//! `init`: writes a starter configuration and a workflow, and never over what is there.

use super::super::args::InitArgs;
use super::super::config::FILE_NAME;
use super::super::console::{Console, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use crate::domain::Exit;
use crate::support::files::link_below;

const CONFIGURATION: &str = include_str!("templates/perfguard.toml");
const WORKFLOW: &str = include_str!("templates/perfguard.yml");
const WORKFLOW_PATH: &str = ".github/workflows/perfguard.yml";

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &InitArgs) -> Result<Exit, CliError> {
    let place = Place::find(&arguments.project)?;
    let root = &place.located.root;
    for (name, text) in [(FILE_NAME, CONFIGURATION), (WORKFLOW_PATH, WORKFLOW)] {
        let path = root.join(name);
        if let Some(link) = link_below(root, &path) {
            return Err(CliError::Linked(link));
        }
        if path.exists() {
            context.console.warning(format_args!("{name} is there already and stays as it is"));
            continue;
        }
        let fail = |source| CliError::Output { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        write_file(&path, text).map_err(fail)?;
        Console::results(&format!("wrote {name}\n")).map_err(CliError::Stdout)?;
    }
    Ok(Exit::Passed)
}

#[cfg(test)]
mod tests {
    use super::super::super::config;
    use super::*;

    #[test]
    fn the_starter_configuration_is_understood() {
        config::parse(CONFIGURATION, FILE_NAME).unwrap();
        let uncommented: String = CONFIGURATION
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| rest.contains('=') || rest.starts_with('['))
                    .unwrap_or(line)
            })
            .collect::<Vec<_>>()
            .join("\n");
        config::parse(&uncommented, FILE_NAME).unwrap();
    }
}
