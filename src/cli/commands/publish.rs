//! `publish`: a report to a comment and a check run, from a trusted job.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::args::publish::PublishArgs;
use super::super::console::{Console, check_file, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::reports;
use crate::domain::{Exit, Report};
use crate::forge::event::{Event, RunNumber};
use crate::forge::{Address, Client, ForgeError, GitHub};
use crate::judge::{GatePolicy, VerdictRequirement};
use crate::pipeline::publish::{Message, Posted, Posting, PublishRequest, Unpublishable, verify};
use crate::report::comment::Badge;
use crate::support::bounded::{self, Links};

/// The largest description of an event that is read, in bytes.
const LARGEST_EVENT: u64 = 32 << 20;

/// Where GitHub itself is, where nothing else is said.
const GITHUB: &str = "https://github.com";
const API: &str = "https://api.github.com";

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &PublishArgs) -> Result<Exit, CliError> {
    if let Some(path) = &arguments.badge {
        check_file(path).map_err(|source| CliError::Output { path: path.clone(), source })?;
    }
    let report =
        reports::read(&arguments.report).map_err(|error| Unpublishable::Unreadable(error.in_one_line()));
    if arguments.dry_run {
        return dry_run(context, arguments, report);
    }
    let event = event()?;
    let github = GitHub::new(Client::new(Address::new(&api(), &repository(), &variable("GITHUB_TOKEN"))?));
    let report = match report {
        Ok(report) => verify(&github, &event, report)?,
        Err(why) => Err(why),
    };
    let request = request(arguments, event.run);
    let candidate = report.as_ref().ok().and_then(|report| Some(report.candidate.as_ref()?.commit.clone()));
    let told = report.as_ref().err().cloned();
    let message = request.message(report);
    if let Some(path) = &arguments.badge {
        write_badge(path, message.badge)?;
    }
    let posting = Posting {
        github: &github,
        event: &event,
        request: &request,
        message: &message,
        candidate: candidate.as_ref(),
        progress: &context.watch,
    };
    let posted = posting.post()?;
    Console::results(&summary(&request, &event, &message, posted)).map_err(CliError::Stdout)?;
    Ok(ended(context, &message, told.as_ref()))
}

/// Shows what would be published. Nothing is asked, so nothing but the report has to be there.
fn dry_run(
    context: &Context,
    arguments: &PublishArgs,
    report: Result<Report, Unpublishable>,
) -> Result<Exit, CliError> {
    let event = std::env::var_os("GITHUB_EVENT_PATH").is_some().then(event).transpose()?;
    let number = event.as_ref().map_or(RunNumber { run: 0, attempt: 0 }, |event| event.run);
    let commit = report.as_ref().ok().and_then(|report| report.candidate.as_ref()).map(|found| &found.commit);
    let mut text = match (&event, commit) {
        (Some(event), Some(commit)) if event.head != *commit => {
            format!("GitHub would be asked whether {commit} is a merge of {}\n", event.head)
        }
        _ => String::new(),
    };
    let told = report.as_ref().err().cloned();
    let request = request(arguments, number);
    let message = request.message(report);
    let Message { conclusion, title, body, annotations, badge, .. } = &message;
    text = format!("{text}check run `{}`: {}, {title}\n", request.check_name, conclusion.name());
    for one in annotations {
        let level = if one.fails { "failure" } else { "warning" };
        text = format!("{text}{level} at {}:{}: {}: {}\n", one.path, one.line, one.title, one.message);
    }
    if arguments.badge.is_some() {
        text = format!("{text}badge: {}, {}\n", badge.message, badge.color);
    }
    Console::results(&format!("{text}\n{body}")).map_err(CliError::Stdout)?;
    Ok(ended(context, &message, told.as_ref()))
}

/// How the command ends; says why where there was nothing to publish.
fn ended(context: &Context, message: &Message, told: Option<&Unpublishable>) -> Exit {
    if message.exit != Exit::Passed {
        let why = told.map_or_else(|| message.title.clone(), ToString::to_string);
        context.console.error(format_args!("the check did not run to its end: {why}"), &[], None);
    }
    message.exit
}

fn request(arguments: &PublishArgs, number: RunNumber) -> PublishRequest {
    let verdicts =
        if arguments.require_verdict { VerdictRequirement::Every } else { VerdictRequirement::None };
    PublishRequest {
        key: arguments.comment_key.clone(),
        check_name: arguments.check_name.clone(),
        gate: GatePolicy { verdicts, ..GatePolicy::default() },
        number,
        run: address_of_run(number),
    }
}

/// Where people find the run that measured.
fn address_of_run(RunNumber { run, attempt }: RunNumber) -> Option<String> {
    let server = some(variable("GITHUB_SERVER_URL"), GITHUB);
    let repository = repository();
    // It stands in a comment as it is.
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte));
    let known = run > 0 && server.starts_with("https://") && plain(&server) && !repository.is_empty();
    (known && plain(&repository))
        .then(|| format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}"))
}

/// The event that started this job.
fn event() -> Result<Event, CliError> {
    let path = PathBuf::from(variable("GITHUB_EVENT_PATH"));
    if path.as_os_str().is_empty() {
        return Err(ForgeError::Event("GITHUB_EVENT_PATH is not set".to_owned()).into());
    }
    let text = bounded::read_text(&path, LARGEST_EVENT, Links::Follow)
        .map_err(|source| CliError::ReadEvent { path, source })?;
    let number = |name| variable(name).parse::<u64>().ok();
    let own = number("GITHUB_RUN_ID").zip(Some(number("GITHUB_RUN_ATTEMPT").unwrap_or(1)));
    Ok(Event::read(&text, own.map(|(run, attempt)| RunNumber { run, attempt }))?)
}

fn api() -> String {
    some(variable("GITHUB_API_URL"), API)
}

fn repository() -> String {
    variable("GITHUB_REPOSITORY")
}

fn some(value: String, otherwise: &str) -> String {
    if value.is_empty() { otherwise.to_owned() } else { value }
}

/// A variable of GitHub's; empty where it is not set.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn summary(request: &PublishRequest, event: &Event, message: &Message, posted: Posted) -> String {
    let (name, head) = (&request.check_name, event.head.short());
    let check = format!("check run `{name}` on {head}: {}, {}\n", message.conclusion.name(), message.title);
    match posted {
        Posted::Commented(pull) => format!("{check}comment on #{pull}: written\n"),
        Posted::Newer => "a newer run is published already, and stays\n".to_owned(),
        Posted::NoPullRequest => {
            format!("{check}comment: no open pull request has this commit as its head\n")
        }
        Posted::SeveralPullRequests => {
            format!(
                "{check}comment: several pull requests have this commit as their head, and none is chosen\n"
            )
        }
    }
}

fn write_badge(path: &Path, badge: Badge) -> Result<(), CliError> {
    let document = json!({
        "schemaVersion": 1,
        "label": "performance",
        "message": badge.message,
        "color": badge.color,
    });
    write_file(path, &format!("{document}\n"))
        .map_err(|source| CliError::Output { path: path.to_owned(), source })
}
