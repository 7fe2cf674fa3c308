//! The manifest of a copied library: the published one without what only its own developers need.

use toml::{Table, Value};

/// Sections that would bring in packages the user's lock file does not have, name files that are not copied, or speak
/// of a workspace that is not there.
const DROPPED: [&str; 9] =
    ["dev-dependencies", "bench", "test", "example", "bin", "lints", "badges", "profile", "patch"];

/// Why a published manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no TOML.
    #[error("it is not TOML: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It cannot be written again.
    #[error("it cannot be written again: {0}")]
    Write(#[from] toml::ser::Error),
    /// Its name or version is not what was asked for.
    #[error("it belongs to `{found}`, not `{expected}`")]
    OtherPackage {
        /// Name and version asked for.
        expected: String,
        /// Name and version in the manifest.
        found: String,
    },
    /// It takes values from a workspace, so it is not a published one.
    #[error("`{key}` comes from a workspace")]
    Inherits {
        /// The key in question.
        key: String,
    },
}

/// The manifest of the copy, from the published one of a library's `version`.
///
/// # Errors
/// A manifest that is no TOML, belongs to something else, or leans on a workspace.
pub fn stripped(published: &str, name: &str, version: &str) -> Result<String, ManifestError> {
    let mut manifest: Table = published.parse()?;
    let field =
        |key: &str| manifest.get("package").and_then(|package| package.get(key)).and_then(Value::as_str);
    let expected = format!("{name} {version}");
    let found = format!("{} {}", field("name").unwrap_or("?"), field("version").unwrap_or("?"));
    if found != expected {
        return Err(ManifestError::OtherPackage { expected, found });
    }
    if let Some(key) = inherited(&manifest) {
        return Err(ManifestError::Inherits { key });
    }
    for section in DROPPED {
        manifest.remove(section);
    }
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Value::Table(target) = target {
                target.remove("dev-dependencies");
            }
        }
    }
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        for key in ["autobins", "autoexamples", "autotests", "autobenches"] {
            package.insert(key.to_owned(), Value::Boolean(false));
        }
        for key in ["readme", "exclude", "include", "workspace"] {
            package.remove(key);
        }
    }
    // The copy lies below the user's workspace and must not be taken for a member of it.
    manifest.insert("workspace".to_owned(), Value::Table(Table::new()));
    Ok(toml::to_string(&manifest)?)
}

/// The edition that a published manifest names: Cargo's default where it names none, and where it is no TOML.
pub fn edition(published: &str) -> u32 {
    let manifest: Table = published.parse().unwrap_or_default();
    let edition = manifest.get("package").and_then(|package| package.get("edition")).and_then(Value::as_str);
    edition.and_then(|edition| edition.parse().ok()).unwrap_or(2015)
}

/// The first key with `workspace = true`, in the package or among its dependencies.
fn inherited(manifest: &Table) -> Option<String> {
    ["package", "dependencies", "build-dependencies"].into_iter().find_map(|section| {
        let entries = manifest.get(section)?.as_table()?;
        let inherits = |value: &Value| value.get("workspace").and_then(Value::as_bool) == Some(true);
        entries.iter().find(|(_, value)| inherits(value)).map(|(key, _)| format!("{section}.{key}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = r#"
        [package]
        name = "criterion"
        version = "0.8.2"
        readme = "README.md"
        [lib]
        bench = false
        [[bench]]
        name = "bench_main"
        harness = false
        [dependencies.serde]
        version = "1"
        [dev-dependencies.rand]
        version = "0.8"
        [target."cfg(unix)".dependencies.alloca]
        version = "0.4"
        [target."cfg(unix)".dev-dependencies.nix]
        version = "0.4"
    "#;

    #[test]
    fn only_what_the_library_needs_is_kept() {
        let manifest: Table = stripped(PUBLISHED, "criterion", "0.8.2").unwrap().parse().unwrap();
        assert!(manifest.get("dev-dependencies").is_none() && manifest.get("bench").is_none());
        assert!(manifest["target"]["cfg(unix)"].get("dev-dependencies").is_none());
        assert!(manifest["target"]["cfg(unix)"]["dependencies"].get("alloca").is_some());
        assert!(manifest["dependencies"].get("serde").is_some());
        assert_eq!(manifest["lib"]["bench"].as_bool(), Some(false));
        assert_eq!(manifest["workspace"].as_table().unwrap().len(), 0);
    }

    #[test]
    fn an_edition_is_read() {
        assert_eq!(edition(PUBLISHED), 2015);
        assert_eq!(edition("[package]\nedition = \"2024\"\n"), 2024);
    }

    #[test]
    fn another_package_or_a_member_of_a_workspace_is_refused() {
        assert!(matches!(stripped(PUBLISHED, "criterion", "0.8.1"), Err(ManifestError::OtherPackage { .. })));
        let member = PUBLISHED.replace("version = \"1\"", "workspace = true");
        assert!(matches!(
            stripped(&member, "criterion", "0.8.2"),
            Err(ManifestError::Inherits { key }) if key == "dependencies.serde"
        ));
    }
}
