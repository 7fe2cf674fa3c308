//! Whether the other side refused to be written, as far as git tells.
//!
//! Git has one exit code for everything. A reference that the other side does not take is told in a form for programs; that
//! nobody may write at all is told by the server, in its own words.

/// What servers say to those who may read and not write, and to those they do not know, in lower case.
const WORDS: [&str; 14] = [
    // Hooks, protected or hidden references, a folder that cannot be written.
    "[remote rejected]",
    // git daemon.
    "service not enabled",
    "access denied",
    // By HTTP.
    "returned error: 401",
    "returned error: 403",
    "authentication failed",
    "could not read username",
    "could not read password",
    // By SSH.
    "permission denied",
    // GitHub, Bitbucket, Gitea.
    "denied to",
    "marked as read only",
    "read-only",
    // GitLab, and others.
    "not allowed to push",
    "write access",
];

/// Whether a line says so.
pub(super) fn is_one(line: &str) -> bool {
    let line = line.to_lowercase();
    WORDS.iter().any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_other_failures() {
        for line in [
            "[remote rejected] (pre-receive hook declined)",
            "[remote rejected] (deny updating a hidden ref)",
            "fatal: remote error: service not enabled: /remote.git",
            "fatal: remote error: access denied or repository not exported: /remote.git",
            "fatal: unable to access 'https://***@host/x.git/': The requested URL returned error: 403",
            "fatal: Authentication failed for 'https://host/x.git/'",
            "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
            "git@github.com: Permission denied (publickey).",
            "ERROR: Permission to owner/name.git denied to somebody.",
            "ERROR: The key you are authenticating with has been marked as read only.",
            "remote: Write access to repository not granted.",
            "remote: GitLab: You are not allowed to push code to this project.",
        ] {
            assert!(is_one(line), "{line}");
        }
        for line in [
            "[rejected] (already exists)",
            "fatal: unable to access 'https://host/x.git/': Could not resolve host: host",
            "fatal: unable to access 'https://host/x.git/': The requested URL returned error: 500",
            "fatal: '../gone.git' does not appear to be a git repository",
            "ssh: connect to host localhost port 1: Connection refused",
        ] {
            assert!(!is_one(line), "{line}");
        }
    }
}
