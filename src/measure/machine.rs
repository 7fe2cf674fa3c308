//! What makes two machines comparable: stable facts, and a key made of them.
//!
//! Nothing here flickers: no clock speed, no load, no host name, nothing that depends on where a process happens to run.
//! Each system has a reader of its own; what they read is parsed by pure functions.

pub mod aarch64;
pub mod caches;
pub mod hypervisor;
mod key;
#[cfg(any(target_os = "linux", test))]
mod linux;
#[cfg(any(target_os = "macos", test))]
mod macos;
#[cfg(any(windows, test))]
mod windows;
pub mod x86;

pub use key::{fields, model_slug};

use crate::domain::{CacheLevel, CpuIdentity, MachineFacts, MachineKey};

/// What a value is called that a system does not tell.
pub(crate) const UNKNOWN: &str = "unknown";

/// What a system's reader finds out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The processor.
    pub(crate) cpu: CpuIdentity,
    /// Its caches, in any order.
    pub(crate) caches: Vec<CacheLevel>,
    /// How many CPUs the system schedules on.
    pub(crate) logical_cpus: u32,
    /// Whose virtual machine this is, if it is one.
    pub(crate) hypervisor: Option<String>,
}

impl Found {
    /// The facts, with the key that is made of them.
    pub(crate) fn into_facts(self, arch: &str, os: &str) -> MachineFacts {
        let Self { cpu, mut caches, logical_cpus, hypervisor } = self;
        caches.sort();
        let mut facts = MachineFacts {
            key: MachineKey::new(""),
            arch: arch.to_owned(),
            os: os.to_owned(),
            cpu,
            caches,
            logical_cpus,
            hypervisor,
        };
        facts.key = key::key(&facts);
        facts
    }
}

/// The facts about this machine. What cannot be found out is called `unknown` or left out: that, too, is stable.
pub fn facts() -> MachineFacts {
    found().into_facts(std::env::consts::ARCH, std::env::consts::OS)
}

#[cfg(target_os = "linux")]
fn found() -> Found {
    linux::found(std::path::Path::new("/"))
}

#[cfg(target_os = "macos")]
fn found() -> Found {
    macos::found()
}

#[cfg(windows)]
fn found() -> Found {
    windows::found()
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn found() -> Found {
    Found { cpu: unknown_cpu(), caches: Vec::new(), logical_cpus: all_cpus(), hypervisor: None }
}

/// How many CPUs the standard library knows of: for systems that do not say more.
#[cfg(not(target_os = "linux"))]
pub(crate) fn all_cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

/// A processor that nothing is known about.
#[cfg(any(test, not(any(target_os = "linux", target_os = "macos", windows))))]
pub(crate) fn unknown_cpu() -> CpuIdentity {
    CpuIdentity {
        vendor: UNKNOWN.to_owned(),
        model: UNKNOWN.to_owned(),
        family: UNKNOWN.to_owned(),
        number: UNKNOWN.to_owned(),
        stepping: UNKNOWN.to_owned(),
        features: std::collections::BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_the_same_twice_and_known_by_its_key() {
        let facts = facts();
        assert_eq!(facts, super::facts());
        assert!(facts.key.as_str().starts_with(&format!("{}-", facts.arch)), "{}", facts.key);
        assert!(facts.logical_cpus >= 1);
    }
}
