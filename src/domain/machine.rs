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
