//! What a Cargo profile comes to, with what it inherits and what the configuration changes.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::domain::CargoFlags;

use super::config::{CargoConfig, lookup};
use super::environment::variable_part;
use super::messages::Compiled;

/// The profile that `cargo bench` uses.
pub(super) const DEFAULT: &str = "bench";

/// The profile that a build is for.
pub(super) fn of(flags: &CargoFlags) -> String {
    flags.profile.clone().unwrap_or_else(|| DEFAULT.to_owned())
}

/// The folder of a target folder that a profile's builds lie in.
pub(super) fn folder(profile: &str) -> &str {
    match profile {
        "bench" => "release",
        "dev" | "test" => "debug",
        other => other,
    }
}

/// How many profiles may inherit from one another: enough for anybody, and an end for a circle.
const DEPTH: usize = 16;

/// The settings that decide what code comes out, as text: `opt-level=3 lto=false codegen-units=16 …`.
///
/// What Cargo says it did is believed before what the manifest says; `lto`, `codegen-units` and `strip` it does not
/// say. `panic` is left out: Cargo ignores it for benches.
pub(super) fn settings(name: &str, manifest: &Table, config: &CargoConfig, said: &Compiled) -> String {
    let chain = chain(name, manifest, config);
    let optimised = chain.last().is_none_or(|root| root != "dev");
    let resolve = |key: &str, default: &str| {
        let found = chain.iter().find_map(|profile| value(profile, key, manifest, config));
        found.map_or_else(|| default.to_owned(), |value| plain(&value))
    };
    let lto = match resolve("lto", "false").as_str() {
        "true" => "fat".to_owned(),
        other => other.to_owned(),
    };
    let units = resolve("codegen-units", if optimised { "16" } else { "256" });
    let mut parts = vec![
        format!("opt-level={}", said.opt_level),
        format!("lto={lto}"),
        format!("codegen-units={units}"),
        format!("debug={}", said.debug),
        format!("debug-assertions={}", said.debug_assertions),
        format!("overflow-checks={}", said.overflow_checks),
        format!("strip={}", resolve("strip", "none")),
    ];
    parts.extend(per_package(&chain, manifest, config));
    parts.join(" ")
}

/// The profile and those it inherits from, itself first.
fn chain(name: &str, manifest: &Table, config: &CargoConfig) -> Vec<String> {
    let mut chain = vec![name.to_owned()];
    while chain.len() < DEPTH {
        let last = &chain[chain.len() - 1];
        let next = match last.as_str() {
            "release" | "dev" => return chain,
            "bench" => "release".to_owned(),
            "test" => "dev".to_owned(),
            custom => match value(custom, "inherits", manifest, config) {
                Some(Value::String(parent)) => parent,
                _ => return chain,
            },
        };
        chain.push(next);
    }
    chain
}

/// What one profile itself says about a key: the configuration before the manifest.
fn value(profile: &str, key: &str, manifest: &Table, config: &CargoConfig) -> Option<Value> {
    let variable = format!("CARGO_PROFILE_{}_{}", variable_part(profile), variable_part(key));
    let keys = ["profile", profile, key];
    let configured = config.value(&keys, &variable).map(|(value, _)| value);
    configured.or_else(|| lookup(manifest, &keys).cloned())
}

/// Settings for single packages and for build scripts, by their full keys.
fn per_package(chain: &[String], manifest: &Table, config: &CargoConfig) -> Vec<String> {
    let mut found = BTreeMap::new();
    for profile in chain.iter().rev() {
        for key in ["package", "build-override"] {
            let configured = config.value(&["profile", profile, key], "").map(|(value, _)| value);
            let written = lookup(manifest, &["profile", profile, key]).cloned();
            for value in written.into_iter().chain(configured) {
                flatten(key, &value, &mut found);
            }
        }
    }
    found.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

fn flatten(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                flatten(&format!("{key}.{name}"), value, into);
            }
        }
        other => {
            into.insert(key.to_owned(), plain(other));
        }
    }
}

/// A value without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::domain::Variables;

    use super::*;

    fn text(name: &str, manifest: &str, flags: &[&str], variables: &[(&str, &str)]) -> String {
        let environment: Variables =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let config = CargoConfig::load(Path::new("/no/such/folder"), &environment, &flags).unwrap();
        let said = Compiled {
            opt_level: "3".into(),
            debug: "0".into(),
            debug_assertions: false,
            overflow_checks: false,
        };
        settings(name, &manifest.parse().unwrap(), &config, &said)
    }

    #[test]
    fn nothing_said_is_cargos_default() {
        assert_eq!(
            text("bench", "", &[], &[]),
            "opt-level=3 lto=false codegen-units=16 debug=0 debug-assertions=false overflow-checks=false strip=none"
        );
    }

    #[test]
    fn a_profile_inherits_down_to_its_root() {
        let manifest = "[profile.release]\ncodegen-units = 1\nlto = true\n[profile.bench]\nlto = 'thin'\n\
                        [profile.fast]\ninherits = 'bench'\nstrip = 'symbols'\n[profile.slow]\ninherits = 'dev'";
        assert!(text("bench", manifest, &[], &[]).contains("lto=thin codegen-units=1 "));
        assert!(text("release", manifest, &[], &[]).contains("lto=fat codegen-units=1 "));
        let fast = text("fast", manifest, &[], &[]);
        assert!(fast.contains("lto=thin codegen-units=1 ") && fast.ends_with("strip=symbols"), "{fast}");
        assert!(text("slow", manifest, &[], &[]).contains("lto=false codegen-units=256 "));
        let circle = "[profile.a]\ninherits = 'b'\n[profile.b]\ninherits = 'a'";
        assert!(text("a", circle, &[], &[]).contains("lto=false"));
    }

    #[test]
    fn the_configuration_beats_the_manifest_of_the_same_profile() {
        let manifest = "[profile.release]\nlto = 'fat'\n[profile.bench]\nlto = 'thin'";
        let flag = ["profile.bench.lto = 'off'"];
        assert!(text("bench", manifest, &flag, &[]).contains("lto=off"));
        assert!(text("bench", manifest, &[], &[("CARGO_PROFILE_BENCH_LTO", "fat")]).contains("lto=fat"));
        assert!(text("bench", manifest, &["profile.release.lto = 'off'"], &[]).contains("lto=thin"));
    }

    #[test]
    fn settings_of_single_packages_count() {
        let manifest =
            "[profile.release.package.foo]\nopt-level = 1\n[profile.release.build-override]\nopt-level = 0";
        let text = text("bench", manifest, &[], &[]);
        assert!(text.ends_with("build-override.opt-level=0 package.foo.opt-level=1"), "{text}");
    }
}
