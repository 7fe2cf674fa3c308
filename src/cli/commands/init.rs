//! `init`: writes a starter configuration and workflows, and never over what is there.

use super::super::args::InitArgs;
use super::super::config::FILE_NAME;
use super::super::console::{Console, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use crate::domain::{CommitId, Exit};
use crate::support::files::link_below;

const CONFIGURATION: &str = include_str!("templates/perfguard.toml");
const WORKFLOW: &str = include_str!("templates/perfguard.yml");
const PUBLISHING: &str = include_str!("templates/perfguard-publish.yml");
const WORKFLOW_PATH: &str = ".github/workflows/perfguard.yml";
const PUBLISHING_PATH: &str = ".github/workflows/perfguard-publish.yml";

const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Uploads the report, whatever came of the check.
const UPLOAD: &str = "      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        if: always()
        with:
          name: perfguard
          path: perfguard.json
          if-no-files-found: ignore # that there is none is published
";

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &InitArgs) -> Result<Exit, CliError> {
    let place = Place::find(&arguments.project)?;
    let root = &place.located.root;
    let pin = arguments.pin.as_ref();
    let mut files =
        vec![(FILE_NAME, CONFIGURATION.to_owned()), (WORKFLOW_PATH, workflow(pin, arguments.publish))];
    if arguments.publish {
        files.push((PUBLISHING_PATH, publishing(pin)));
    }
    let mut written = false;
    for (name, text) in files {
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
        written |= name != FILE_NAME;
    }
    if written && pin.is_none() {
        context.console.warning(format_args!(
            "the workflow builds the tag v{VERSION} of cargo-perfguard, which exists once that version is released; \
             before, name a commit: --pin COMMIT"
        ));
    }
    Ok(Exit::Passed)
}

/// The workflow that measures.
fn workflow(pin: Option<&CommitId>, publish: bool) -> String {
    let check = match pin {
        Some(commit) => format!(
            "      # Writes annotations and the summary of this step. It builds the commit it is pinned to, which takes minutes;
      # once that is released, `with: {{ version: {VERSION} }}` installs the release.
      - uses: {}@{commit} # v{VERSION}
",
            REPOSITORY.trim_start_matches("https://github.com/")
        ),
        None if publish => format!(
            "{}      # Writes annotations and the summary of this step, and the report as JSON.
      - run: cargo perfguard check --format json --output perfguard.json
      - run: cargo perfguard report --run last
        if: always()
",
            install(None)
        ),
        None => format!(
            "{}      # Writes annotations and the summary of this step.
      - run: cargo perfguard check
",
            install(None)
        ),
    };
    let upload = if publish { UPLOAD } else { "" };
    WORKFLOW.replace("@CHECK@\n", &format!("{check}{upload}"))
}

/// The workflow that publishes.
fn publishing(pin: Option<&CommitId>) -> String {
    PUBLISHING.replace("      @INSTALL@\n", &install(pin))
}

/// A step that builds the program from its repository: the name is not registered on crates.io.
fn install(pin: Option<&CommitId>) -> String {
    let (what, why) = match pin {
        Some(commit) => (format!("--rev {commit}"), "      # From the repository: the name is not registered on crates.io."),
        None => (
            format!("--tag v{VERSION}"),
            "      # From the repository: the name is not registered on crates.io. The tag exists once that version is released;
      # `--rev COMMIT` takes a commit instead, which nobody can move.",
        ),
    };
    format!(
        "{why}
      - run: >-
          cargo install --locked --git {REPOSITORY}
          {what} cargo-perfguard
"
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::config;
    use super::*;

    fn pin() -> CommitId {
        CommitId::from_hex(&"ab".repeat(20)).unwrap()
    }

    /// Every workflow that can be written.
    fn workflows() -> Vec<String> {
        let pin = pin();
        let pins = [None, Some(&pin)];
        let measuring = pins.into_iter().flat_map(|pin| [false, true].map(|publish| workflow(pin, publish)));
        measuring.chain(pins.map(publishing)).collect()
    }

    #[test]
    fn workflows_look_as_they_should() {
        insta::assert_snapshot!("workflow", workflow(None, false));
        insta::assert_snapshot!("workflow_with_report", workflow(None, true));
        insta::assert_snapshot!("workflow_pinned", workflow(Some(&pin()), true));
        insta::assert_snapshot!("workflow_publishing", publishing(Some(&pin())));
    }

    #[test]
    fn what_a_workflow_uses_is_pinned_and_nothing_is_pasted_into_a_script() {
        for text in workflows() {
            assert!(!text.contains("@CHECK@") && !text.contains("@INSTALL@"), "{text}");
            let actions: Vec<&str> =
                text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, it)| it).collect();
            assert!(!actions.is_empty());
            for action in actions {
                let (_, pin) = action.split_once('@').unwrap();
                let (commit, version) = pin.split_once(" # v").unwrap();
                let whole = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(whole && version.starts_with(|digit: char| digit.is_ascii_digit()), "{action}");
            }
            let scripts = text.split("- run:").skip(1).map(|step| step.split("\n      - ").next().unwrap());
            for script in scripts.map(|step| step.split("env:").next().unwrap()) {
                assert!(!script.contains("${{"), "{script}");
            }
            assert!(!text.contains("secrets."), "{text}");
        }
    }

    #[test]
    fn who_runs_strangers_code_may_write_nothing_and_who_may_write_runs_none() {
        for text in workflows() {
            if text.contains("workflow_run") {
                assert!(text.contains("\npermissions: {}\n") && !text.contains("actions/checkout"), "{text}");
                assert!(
                    text.contains("path: ${{ runner.temp }}/report"),
                    "no file of it is in the way: {text}"
                );
            } else {
                assert!(text.contains("persist-credentials: false") && !text.contains(": write"), "{text}");
                assert!(
                    text.contains("\npermissions:\n  contents: read\n") && !text.contains("TOKEN"),
                    "{text}"
                );
            }
        }
        let on_one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let tag = format!("cargo install --locked --git {REPOSITORY} --tag v{VERSION} cargo-perfguard");
        assert!(
            on_one_line(workflow(None, false)).contains(&tag) && on_one_line(publishing(None)).contains(&tag)
        );
        assert!(on_one_line(publishing(Some(&pin()))).contains(&format!("--rev {} ", pin())));
        assert!(
            workflow(Some(&pin()), true)
                .contains(&format!("uses: cargo-perfguard/cargo-perfguard@{} # v", pin()))
        );
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
