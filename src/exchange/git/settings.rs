//! What the user has set for git and the network, handed over to a git that works in another repository.
//!
//! The settings in force may depend on the repository (`includeIf`, as `actions/checkout` uses it), so they are asked for
//! there and handed over as variables: never on a command line or in a file, since tokens are among them. The files of
//! the user are then left out, or headers would be sent twice.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::super::error::ExchangeError;
use super::super::secrets::{Secrets, parts, shown, without_credentials};
use crate::support::process::{self, Stream};
use crate::support::records::digest;

/// What the remote is called in our own repository.
pub(super) const REMOTE: &str = "exchange";
/// References of single runs.
pub(super) const WRITTEN: &str = "refs/perfguard/w/";
/// Behind a run's id in its second name.
pub(super) const SECOND: &str = ".1";
/// The reference of many.
pub(super) const LOG: &str = "refs/perfguard/log";
/// How long git may take. A history of thousands of runs takes seconds.
pub(super) const PATIENCE: Duration = Duration::from_mins(15);
/// The settings that matter to the network.
const SECTIONS: [&str; 7] = ["http.", "https.", "credential.", "url.", "protocol.", "ssh.", "transfer."];
/// The same, single ones.
const SINGLE: [&str; 3] = ["core.sshcommand", "core.gitproxy", "core.askpass"];
/// What is taken over of the user's remote.
const OF_REMOTE: [&str; 7] =
    ["url", "pushurl", "proxy", "proxyauthmethod", "receivepack", "uploadpack", "serveroption"];
/// Ours: what comes is looked through, nothing is run, and it says in English what is wrong.
const OURS: [(&str, &str); 5] = [
    ("core.hooksPath", "/dev/null"),
    ("fetch.fsckObjects", "true"),
    ("gc.autoDetach", "false"),
    ("maintenance.autoDetach", "false"),
    ("push.gpgSign", "false"),
];
/// Variables that would send git elsewhere.
const ELSEWHERE: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
];

/// What is handed over, and the place it leads to.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Names and values, in order.
    pairs: Vec<(String, String)>,
    /// What the place is known by in our own repository and in the store.
    pub(super) key: String,
    url: String,
}

impl Settings {
    /// Asks for the settings in force in the repository around `root`, and for the remote called `to`.
    pub(super) fn read(to: &str, root: &Path) -> Result<Self, ExchangeError> {
        Self::new(to, &effective(root)?)
    }

    fn new(to: &str, effective: &[(String, String)]) -> Result<Self, ExchangeError> {
        let mut pairs: Vec<(String, String)> =
            effective.iter().filter(|(name, _)| matters(name)).cloned().collect();
        let prefix = format!("remote.{to}.");
        let of_remote: Vec<(String, String)> = effective
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), value.clone())))
            .filter(|(name, _)| OF_REMOTE.contains(&name.as_str()))
            .collect();
        let url = match of_remote.iter().find(|(name, _)| name == "url") {
            Some((_, url)) => url.clone(),
            None if to.contains(['/', ':', '\\']) && !is_database(to) => to.to_owned(),
            None => return Err(ExchangeError::NoRemote(shown(to))),
        };
        let named = |(name, value)| (format!("remote.{REMOTE}.{name}"), value);
        if of_remote.is_empty() {
            pairs.push(named(("url".to_owned(), url.clone())));
        }
        pairs.extend(of_remote.into_iter().map(named));
        pairs.extend(OURS.map(|(name, value)| (name.to_owned(), value.to_owned())));
        // Not the URL itself: tokens in it change from run to run, and are nobody's business.
        let digest = digest(shown(&url).as_bytes());
        Ok(Self { pairs, key: format!("git-{}", &digest[..16]), url })
    }

    /// What people are shown.
    pub(super) fn shown(&self, to: &str) -> String {
        if to == self.url { shown(to) } else { format!("{to} ({})", shown(&self.url)) }
    }

    /// What must not be shown.
    pub(super) fn secrets(&self) -> Secrets {
        let secret = |name: &str| {
            name.ends_with(".extraheader") || name.contains("cookie") || name.contains("password")
        };
        let urls = self.pairs.iter().filter(|(name, _)| name.to_lowercase().ends_with("url"));
        let values = self.pairs.iter().filter(|(name, _)| secret(&name.to_lowercase()));
        // Git may say a header without its name.
        let headers = values.flat_map(|(_, value)| {
            let last = value.rsplit(' ').next().unwrap_or_default().to_owned();
            [value.clone(), last]
        });
        Secrets::of(urls.flat_map(|(_, url)| parts(url)).chain(headers))
    }

    /// Gives the settings to a command.
    pub(super) fn apply(&self, command: &mut Command) {
        without_any(command);
        command.env("GIT_CONFIG_COUNT", self.pairs.len().to_string());
        for (index, (name, value)) in self.pairs.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), name);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        let set = |name: &str| self.pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let by_variable = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| std::env::var_os(name).is_some());
        if !set("core.sshCommand") && !by_variable {
            // Nobody is there to answer.
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
    }
}

/// A place of a kind that is none of git's.
fn is_database(to: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| to.starts_with(scheme))
}

fn matters(name: &str) -> bool {
    let lower = name.to_lowercase();
    SECTIONS.iter().any(|section| lower.starts_with(section)) || SINGLE.contains(&lower.as_str())
}

/// Leaves out the files of the user and the system.
pub(super) fn without_any(command: &mut Command) {
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_CONFIG_COUNT");
    command.env_remove("GIT_CONFIG_SYSTEM");
}

/// Makes git ask nobody, and look nowhere but where it is told to.
pub(super) fn quiet(command: &mut Command) {
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
}

/// The settings in force in a repository.
fn effective(root: &Path) -> Result<Vec<(String, String)>, ExchangeError> {
    let mut command = Command::new("git");
    command.current_dir(root).args(["config", "--list", "--null", "--includes"]);
    // What the user gave by variables counts here.
    command.env("LC_ALL", "C");
    let mut text = String::new();
    let finished = process::run(command, Some(PATIENCE), |stream, line| {
        if stream == Stream::Stdout {
            text.push_str(line);
            text.push('\n');
        }
    })?;
    if !finished.status.success() {
        let said = without_credentials(finished.stderr.text().trim());
        return Err(ExchangeError::Git {
            action: "read git's settings of",
            place: root.display().to_string(),
            said,
        });
    }
    Ok(parse(&text))
}

/// `NAME\nVALUE\0`, or `NAME\0` for one without a value.
fn parse(text: &str) -> Vec<(String, String)> {
    let entries = text.split('\0').filter(|entry| !entry.trim().is_empty());
    let pair = |entry: &str| match entry.split_once('\n') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (entry.to_owned(), "true".to_owned()),
    };
    entries.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "user.name\nA\0http.https://github.com/.extraheader\nAUTHORIZATION: basic c2VjcmV0\0\
        remote.origin.url\nhttps://me:hunter2@host/a b.git?token=t0ken\0remote.origin.fetch\n+refs/heads/*:x\0\
        remote.origin.proxy\nhttp://p:1\0core.sshcommand\nssh -i 'a\nb'\0http.sslverify\0";

    #[test]
    fn what_matters_to_the_network_is_handed_over_and_nothing_else() {
        let settings = Settings::new("origin", &parse(LISTED)).unwrap();
        let names: Vec<&str> = settings.pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names[..5],
            [
                "http.https://github.com/.extraheader",
                "core.sshcommand",
                "http.sslverify",
                "remote.exchange.url",
                "remote.exchange.proxy"
            ]
        );
        assert_eq!(settings.pairs[1].1, "ssh -i 'a\nb'");
        assert_eq!(settings.pairs[2].1, "true");
        let mut command = Command::new("git");
        settings.apply(&mut command);
        assert_eq!(command.get_args().count(), 0, "nothing on the command line");
        let count = command.get_envs().find(|(name, _)| *name == "GIT_CONFIG_COUNT").unwrap().1.unwrap();
        assert_eq!(count.to_str().unwrap(), settings.pairs.len().to_string());
    }

    #[test]
    fn nothing_that_is_shown_holds_a_secret() {
        let settings = Settings::new("origin", &parse(LISTED)).unwrap();
        assert_eq!(
            settings.shown("origin"),
            "origin (https://***@host/a b.git?token=t0ken)".replace("?token=t0ken", "?***")
        );
        let said = "remote: c2VjcmV0 AUTHORIZATION: basic c2VjcmV0 at https://me:hunter2@host/x?token=t0ken";
        let shown = settings.secrets().hide(said);
        assert!(["c2VjcmV0", "hunter2", "t0ken"].iter().all(|secret| !shown.contains(secret)), "{shown}");
    }

    #[test]
    fn a_place_is_a_remote_or_looks_like_a_url() {
        for (to, found) in [
            ("/a b/c.git", true),
            ("git@host:a", true),
            ("upstream", false),
            ("-oops", false),
            ("postgres://u:p@h/d", false),
        ] {
            assert_eq!(Settings::new(to, &parse(LISTED)).is_ok(), found, "{to}");
        }
        let key = |url: &str| Settings::new(url, &[]).unwrap().key;
        assert_eq!(key("https://a:1@host/x"), key("https://b:2@host/x"), "tokens change");
        assert_ne!(key("https://host/x"), key("https://host/y"));
    }
}
