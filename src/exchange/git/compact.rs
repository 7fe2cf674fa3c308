//! Many runs in one reference: one push that adds them there and removes their own references, both or neither.

use super::super::error::Oddity;
use super::settings::{LOG, REMOTE, WRITTEN};

/// How many references go in one push: names of that many fit on a command line of any system.
pub(super) const AT_ONCE: usize = 1000;

/// What compacting came to.
#[derive(Debug, Default)]
pub struct Compacted {
    /// How many runs lost their own references.
    pub included: usize,
    /// How many runs share one now.
    pub total: usize,
    /// What is there besides, and stays.
    pub odd: Vec<Oddity>,
}

/// One step of it.
#[derive(Debug)]
pub(super) struct Plan {
    /// The commit of the log that this one follows.
    pub(super) old: Option<String>,
    /// The new one.
    pub(super) new: String,
    /// The references of runs in it that are to go, by what stands behind their common beginning, with what they lead to.
    pub(super) removed: Vec<(String, String)>,
}

impl Plan {
    /// How many runs it is about.
    pub(super) fn runs(&self) -> usize {
        self.removed.len()
    }

    /// What `git push --atomic` is to do. Each reference is named with what it must lead to until then.
    pub(super) fn arguments(&self) -> Vec<String> {
        let old = self.old.as_deref().unwrap_or_default();
        let leases =
            self.removed.iter().map(|(name, commit)| format!("--force-with-lease={WRITTEN}{name}:{commit}"));
        let removals = self.removed.iter().map(|(name, _)| format!(":{WRITTEN}{name}"));
        std::iter::once(format!("--force-with-lease={LOG}:{old}"))
            .chain(leases)
            .chain([REMOTE.to_owned(), format!("{}:{LOG}", self.new)])
            .chain(removals)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::uid;
    use super::*;

    #[test]
    fn exactly_what_is_included_is_removed_and_only_as_it_was_seen() {
        let removed = vec![(uid(1).to_string(), "c1".to_owned())];
        let plan = Plan { old: None, new: "n".into(), removed };
        let name = format!("refs/perfguard/w/{}", uid(1));
        assert_eq!(
            plan.arguments(),
            [
                "--force-with-lease=refs/perfguard/log:".to_owned(),
                format!("--force-with-lease={name}:c1"),
                "exchange".into(),
                "n:refs/perfguard/log".into(),
                format!(":{name}"),
            ]
        );
    }
}
