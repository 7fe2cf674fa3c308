//! Which packages and benches the user's names mean.

use cargo_metadata::{Metadata, Package};
use globset::GlobMatcher;

use crate::domain::near::nearest;
use crate::domain::{BenchTarget, Namesake};

use super::pattern::matcher;
use super::targets::Classified;
use super::{DiscoverError, LeftOut, Selection};

/// The members that `--package` and `--exclude` leave.
pub(super) fn packages<'a>(
    metadata: &'a Metadata,
    selection: &Selection,
) -> Result<Vec<&'a Package>, DiscoverError> {
    let members = metadata.workspace_packages();
    let wanted = specs(&selection.packages, &members)?;
    let unwanted = specs(&selection.exclude, &members)?;
    let mut chosen: Vec<&Package> = members
        .into_iter()
        .filter(|package| wanted.is_empty() || wanted.iter().any(|spec| spec.matches(package)))
        .filter(|package| !unwanted.iter().any(|spec| spec.matches(package)))
        .collect();
    chosen.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()).then_with(|| a.version.cmp(&b.version)));
    Ok(chosen)
}

/// Splits classified targets into those to measure and those left out, keeping those that `--bench` names.
pub(super) fn benches(
    classified: Vec<Classified>,
    names: &[String],
) -> Result<(Vec<BenchTarget>, Vec<LeftOut>), DiscoverError> {
    let targets: Vec<String> = classified.iter().map(|one| one.target().to_owned()).collect();
    let mut wanted = Vec::new();
    for name in names {
        let matcher = matcher(name)?;
        if !targets.iter().any(|target| matcher.is_match(target)) {
            let near = nearest(&targets, name);
            return Err(DiscoverError::UnknownBench { name: name.clone(), near, targets });
        }
        wanted.push(matcher);
    }
    let (mut benches, mut left_out) = (Vec::new(), Vec::new());
    for one in classified {
        match one {
            Classified::Bench(bench) => benches.push(*bench),
            Classified::LeftOut(out) => left_out.push(out),
        }
    }
    for bench in &mut benches {
        if left_out.iter().any(|out| out.target == bench.target && out.package != bench.package) {
            bench.namesake = Namesake::LeftOut;
        }
    }
    let meant = |target: &str| wanted.is_empty() || wanted.iter().any(|name| name.is_match(target));
    benches.retain(|bench| meant(&bench.target));
    left_out.retain(|out| meant(&out.target));
    Ok((benches, left_out))
}

/// One value of `--package` or `--exclude`.
struct Spec {
    name: GlobMatcher,
    version: Option<String>,
}

impl Spec {
    fn matches(&self, package: &Package) -> bool {
        let version = package.version.to_string();
        self.name.is_match(package.name.as_str())
            && self.version.as_ref().is_none_or(|wanted| *wanted == version)
    }
}

/// Reads package names; each must mean at least one member.
fn specs(names: &[String], members: &[&Package]) -> Result<Vec<Spec>, DiscoverError> {
    let mut specs = Vec::new();
    for name in names {
        let (plain, version) = match name.split_once('@') {
            Some((plain, version)) => (plain, Some(version.to_owned())),
            None => (name.as_str(), None),
        };
        let spec = Spec { name: matcher(plain)?, version };
        if !members.iter().any(|member| spec.matches(member)) {
            let members: Vec<String> = members.iter().map(|member| member.name.to_string()).collect();
            let near = nearest(&members, plain);
            return Err(DiscoverError::UnknownPackage { name: name.clone(), near, members });
        }
        specs.push(spec);
    }
    Ok(specs)
}
