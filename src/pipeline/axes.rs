//! Axes: one commit, or two, built in two ways.

use crate::domain::{Axis, AxisName, Sides};
use crate::source::GivenLock;

/// What one side is built with instead of what holds for both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideSettings {
    /// `RUSTUP_TOOLCHAIN`: a name of rustup's, or the path of a toolchain.
    pub toolchain: Option<String>,
    /// `RUSTFLAGS`.
    pub rustflags: Option<String>,
    /// Features.
    pub features: Vec<String>,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// The Cargo profile.
    pub profile: Option<String>,
    /// What takes the place of the revision's Cargo.lock.
    pub lockfile: Option<GivenLock>,
    /// Variables, by name.
    pub env: Vec<(String, String)>,
    /// Cargo's `--config`.
    pub config: Vec<String>,
}

impl SideSettings {
    /// What is given on an axis.
    fn on(&self, axis: AxisName) -> Option<String> {
        let some = |list: &[String]| (!list.is_empty()).then(|| list.join(" "));
        match axis {
            AxisName::Toolchain => self.toolchain.clone(),
            AxisName::Rustflags => self.rustflags.clone(),
            AxisName::Features => some(&self.features),
            AxisName::NoDefaultFeatures => self.no_default_features.then(|| "true".to_owned()),
            AxisName::Profile => self.profile.clone(),
            AxisName::Lockfile => self.lockfile.as_ref().map(|lock| lock.path().display().to_string()),
            AxisName::Env | AxisName::Config => some(&self.each(axis)),
        }
    }

    /// What is given one by one on an axis that can be given several times.
    fn each(&self, axis: AxisName) -> Vec<String> {
        match axis {
            AxisName::Env => self.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            AxisName::Config => self.config.clone(),
            _ => Vec::new(),
        }
    }
}

/// What differs on purpose, in the order of reports.
pub fn axes(sides: &Sides<SideSettings>) -> Vec<Axis> {
    let of = |axis| Axis {
        axis,
        sides: sides.as_ref().map(|side| side.on(axis)),
        given: sides.as_ref().map(|side| side.each(axis)),
    };
    let differs = |axis: &Axis| match axis.axis {
        // By content, for that is what is built with.
        AxisName::Lockfile => sides.baseline.lockfile != sides.candidate.lockfile,
        _ => axis.sides.baseline != axis.sides.candidate,
    };
    AxisName::ALL.into_iter().map(of).filter(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_an_axis() {
        let both = SideSettings { profile: Some("dev".into()), ..SideSettings::default() };
        let env = vec![("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2 3".to_owned())];
        let candidate = SideSettings { env, no_default_features: true, ..both.clone() };
        let found = axes(&Sides { baseline: both.clone(), candidate });
        let told: Vec<(AxisName, Option<&str>)> =
            found.iter().map(|axis| (axis.axis, axis.sides.candidate.as_deref())).collect();
        assert_eq!(told, [(AxisName::NoDefaultFeatures, Some("true")), (AxisName::Env, Some("A=1 B=2 3"))]);
        assert_eq!(found[1].given, Sides { baseline: vec![], candidate: vec!["A=1".into(), "B=2 3".into()] });
        assert!(axes(&Sides { baseline: both.clone(), candidate: both }).is_empty());
    }

    #[test]
    fn a_lock_file_is_named_by_its_path_and_told_apart_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let locked = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            let lockfile = GivenLock::read(&folder.path().join(name)).ok();
            assert!(lockfile.is_some());
            SideSettings { lockfile, ..SideSettings::default() }
        };
        let (one, same, other) =
            (locked("a", "version = 3"), locked("b", "version = 3"), locked("a", "version = 4"));
        assert!(axes(&Sides { baseline: one.clone(), candidate: same }).is_empty());
        let found = axes(&Sides { baseline: one.clone(), candidate: other });
        assert_eq!((found.len(), found[0].axis), (1, AxisName::Lockfile), "what the file held was read");
        let found = axes(&Sides { baseline: SideSettings::default(), candidate: one });
        assert_eq!(found[0].sides.baseline, None);
        assert!(found[0].sides.candidate.as_ref().is_some_and(|path| path.ends_with("/a")), "{found:?}");
    }
}
