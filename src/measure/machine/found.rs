//! What a system's reader finds out about its machine.

use super::key;
use crate::domain::{CacheLevel, CpuIdentity, MachineFacts, MachineKey};

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

/// How many CPUs the standard library knows of: for systems that do not say more.
#[cfg(not(target_os = "linux"))]
pub(crate) fn all_cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}
