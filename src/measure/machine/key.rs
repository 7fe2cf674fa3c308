//! The machine key, and the fields it is made of.

use sha2::{Digest, Sha256};

use crate::domain::{CacheLevel, MachineFacts, MachineKey};
use crate::support::hex::hexadecimal;

/// The longest part of a key that names the processor.
const SLUG: usize = 40;

/// Words in a brand string that tell no processor from another.
const EMPTY_WORDS: [&str; 7] = ["(r)", "(tm)", "cpu", "processor", "core", "gen", "with"];

/// Everything that the key is made of, by name, in a stable order: what `doctor` explains.
pub fn fields(facts: &MachineFacts) -> Vec<(&'static str, String)> {
    let MachineFacts { key: _, arch, os, cpu, caches, logical_cpus, hypervisor } = facts;
    let features: Vec<_> = cpu.features.iter().map(String::as_str).collect();
    let caches: Vec<_> = caches.iter().map(cache).collect();
    vec![
        ("architecture", arch.clone()),
        ("system", os.clone()),
        ("CPU vendor", cpu.vendor.clone()),
        ("CPU model", cpu.model.clone()),
        ("CPU family", cpu.family.clone()),
        ("CPU number", cpu.number.clone()),
        ("CPU stepping", cpu.stepping.clone()),
        ("CPU features", features.join(" ")),
        ("caches", caches.join(", ")),
        ("logical CPUs", logical_cpus.to_string()),
        ("hypervisor", hypervisor.clone().unwrap_or_else(|| "none".to_owned())),
    ]
}

/// A cache as one reads it: `L2 unified 1024 KiB`.
fn cache(cache: &CacheLevel) -> String {
    let CacheLevel { level, kind, bytes } = cache;
    if bytes.is_multiple_of(1024) {
        format!("L{level} {kind} {} KiB", bytes / 1024)
    } else {
        format!("L{level} {kind} {bytes} B")
    }
}

/// `<arch>-<model>-<logical CPUs>c-<first 8 digits of the SHA-256 of all fields>`.
pub(super) fn key(facts: &MachineFacts) -> MachineKey {
    let mut hash = Sha256::new();
    for (name, value) in fields(facts) {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(value.as_bytes());
        hash.update([0]);
    }
    let digits = hexadecimal(&hash.finalize()[..4]);
    let model = model_slug(&facts.cpu.model);
    MachineKey::new(format!("{}-{model}-{}c-{digits}", facts.arch, facts.logical_cpus))
}

/// A model's name as part of a file name: lower case, digits and dashes, without words that tell nothing.
pub fn model_slug(model: &str) -> String {
    let model = model.to_lowercase().replace("(r)", " ").replace("(tm)", " ");
    let words = model.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words.filter(|word| !EMPTY_WORDS.contains(word)) {
        if slug.len() + word.len() >= SLUG {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { super::unknown::UNKNOWN.to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::super::found::Found;
    use super::super::unknown::unknown_cpu;
    use super::*;

    fn facts() -> MachineFacts {
        let cpu =
            crate::domain::CpuIdentity { model: "AMD EPYC 7763 64-Core Processor".into(), ..unknown_cpu() };
        let l1 = CacheLevel { level: 1, kind: "data".into(), bytes: 32 * 1024 };
        let l3 = CacheLevel { level: 3, kind: "unified".into(), bytes: 32 * 1024 * 1024 };
        Found { cpu, caches: vec![l3, l1], logical_cpus: 4, hypervisor: Some("KVM".into()) }
            .into_facts("x86_64", "linux")
    }

    #[test]
    fn a_key_names_the_processor_and_changes_with_every_field() {
        let facts = facts();
        let key = facts.key.as_str();
        assert!(key.starts_with("x86_64-amd-epyc-7763-64-4c-"), "{key}");
        assert_eq!(key.rsplit('-').next().unwrap().len(), 8);
        let other = |change: &dyn Fn(&mut MachineFacts)| {
            let mut other = facts.clone();
            change(&mut other);
            assert_ne!(super::key(&other), facts.key);
        };
        other(&|facts| facts.os = "macos".into());
        other(&|facts| facts.cpu.stepping = "9".into());
        other(&|facts| facts.cpu.features.extend(["avx2".into()]));
        other(&|facts| facts.caches[0].bytes += 1024);
        other(&|facts| facts.logical_cpus = 2);
        other(&|facts| facts.hypervisor = None);
    }

    #[test]
    fn fields_read_well() {
        let facts = facts();
        let fields = fields(&facts);
        let value = |name| fields.iter().find(|(other, _)| *other == name).unwrap().1.as_str();
        assert_eq!(value("caches"), "L1 data 32 KiB, L3 unified 32768 KiB");
        assert_eq!(value("hypervisor"), "KVM");
    }

    #[test]
    fn slugs_keep_what_tells_processors_apart() {
        assert_eq!(model_slug("Intel(R) Xeon(R) Platinum 8370C CPU"), "intel-xeon-platinum-8370c");
        assert_eq!(model_slug("13th Gen Intel(R) Core(TM) i7-1360P"), "13th-intel-i7-1360p");
        assert_eq!(model_slug("Neoverse-N1"), "neoverse-n1");
        assert_eq!(model_slug("🦀"), "unknown");
        assert!(model_slug(&"word ".repeat(30)).len() <= SLUG);
    }
}
