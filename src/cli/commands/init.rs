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
    for (name, text) in [(FILE_NAME, CONFIGURATION.to_owned()), (WORKFLOW_PATH, workflow())] {
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
        write_file(&path, &text).map_err(fail)?;
        Console::results(&format!("wrote {name}\n")).map_err(CliError::Stdout)?;
    }
    Ok(Exit::Passed)
}

/// The workflow, which installs the version that wrote it.
fn workflow() -> String {
    WORKFLOW.replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::super::super::config;
    use super::*;

    #[test]
    fn the_workflow_pins_what_it_runs_and_keeps_no_credentials() {
        let text = workflow();
        let actions: Vec<&str> =
            text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, it)| it).collect();
        assert_eq!(actions.len(), 1);
        for action in actions {
            let (_, pin) = action.split_once('@').unwrap();
            let commit = pin.split_whitespace().next().unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
        }
        assert!(text.contains("persist-credentials: false") && text.contains("contents: read"));
        let install = format!("--git {} --tag v{} ", env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
        let on_one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(on_one_line.contains(&install) && on_one_line.contains("cargo install --locked"), "{text}");
        assert!(!text.contains("secrets.") && !text.contains("${{"), "nothing is pasted into a script");
    }

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
