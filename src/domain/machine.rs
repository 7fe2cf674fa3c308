//! What makes two machines comparable.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What makes two machines comparable, as one short text: results of different keys are never compared silently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineKey(String);

impl MachineKey {
    /// Takes a key as `doctor` prints it or the store holds it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MachineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who made the processor and which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuIdentity {
    /// The vendor or implementer, by name where known: `AuthenticAMD`, `Arm`.
    pub vendor: String,
    /// The brand string, or the part's name on aarch64.
    pub model: String,
    /// x86 family, or the aarch64 architecture number.
    pub family: String,
    /// x86 model number, or the aarch64 part number.
    pub number: String,
    /// x86 stepping, or the aarch64 variant and revision.
    pub stepping: String,
    /// Instruction-set extensions that run-time dispatch can choose by.
    pub features: BTreeSet<String>,
}

/// One level of cache, as one CPU sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CacheLevel {
    /// 1, 2, 3 …
    pub level: u8,
    /// `data`, `instruction` or `unified`.
    pub kind: String,
    /// Its size.
    pub bytes: u64,
}

/// What stands for a CPU model where no CPU of the architecture is at hand.
const EMULATED: &str = "emulated";

/// The stable facts about a machine. Nothing that flickers: no clock speed, no host name, no load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineFacts {
    /// The key made of the other fields.
    pub key: MachineKey,
    /// `x86_64`, `aarch64` …
    pub arch: String,
    /// `linux`, `macos`, `windows` …
    pub os: String,
    /// The processor.
    pub cpu: CpuIdentity,
    /// The caches, smallest level first.
    pub caches: Vec<CacheLevel>,
    /// How many CPUs the system schedules on.
    pub logical_cpus: u32,
    /// Whose virtual machine this is, if it is one.
    pub hypervisor: Option<String>,
}

/// Whether a processor of one architecture executes code for another: the first parts of triples.
pub fn executes(own: &str, arch: &str) -> bool {
    let (own, arch) = (family(own), family(arch));
    own == arch || (own, arch) == ("x86_64", "x86")
}

/// An architecture, with its revisions taken together.
fn family(arch: &str) -> &str {
    match arch {
        "i386" | "i486" | "i586" | "i686" => "x86",
        "x86_64" | "x86_64h" => "x86_64",
        "aarch64" | "arm64" | "arm64e" => "aarch64",
        other => other,
    }
}

impl MachineFacts {
    /// Whether this machine runs executables of an architecture by an emulator alone.
    pub fn emulates(&self, arch: &str) -> bool {
        !executes(&self.arch, arch)
    }

    /// What executables of an architecture run on here: the CPU's model, or no CPU at all.
    pub fn cpu_of(&self, arch: &str) -> &str {
        if self.emulates(arch) { EMULATED } else { &self.cpu.model }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_emulates_what_its_processor_does_not_know() {
        let machine = |arch: &str| MachineFacts {
            key: MachineKey::new("m"),
            arch: arch.into(),
            os: "linux".into(),
            cpu: CpuIdentity {
                vendor: "AuthenticAMD".into(),
                model: "AMD EPYC".into(),
                family: String::new(),
                number: String::new(),
                stepping: String::new(),
                features: BTreeSet::new(),
            },
            caches: Vec::new(),
            logical_cpus: 2,
            hypervisor: None,
        };
        for arch in ["x86_64", "x86_64h", "x86", "i686"] {
            assert_eq!(machine("x86_64").cpu_of(arch), "AMD EPYC", "{arch}");
        }
        for (own, arch) in [("x86_64", "aarch64"), ("aarch64", "x86_64"), ("x86", "x86_64")] {
            assert_eq!(machine(own).cpu_of(arch), "emulated", "{arch} on {own}");
        }
    }
}
