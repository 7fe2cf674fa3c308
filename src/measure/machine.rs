//! What makes two machines comparable: stable facts, and a key made of them.
//!
//! Nothing here flickers: no clock speed, no load, no host name, nothing that depends on where a process happens to run.
//! Each system has a reader of its own; what they read is parsed by pure functions.

pub mod aarch64;
pub mod caches;
mod found;
pub mod hypervisor;
mod key;
#[cfg(any(target_os = "linux", test))]
mod linux;
#[cfg(any(target_os = "macos", test))]
mod macos;
mod unknown;
#[cfg(any(windows, test))]
mod windows;
pub mod x86;

pub use key::{fields, model_slug};

use crate::domain::MachineFacts;

use found::Found;

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
    Found {
        cpu: unknown::unknown_cpu(),
        caches: Vec::new(),
        logical_cpus: found::all_cpus(),
        hypervisor: None,
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
