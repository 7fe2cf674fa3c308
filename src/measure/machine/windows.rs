//! Facts as Windows shows them: in the environment and the registry. The best that can be had without bindings.

use std::collections::BTreeSet;

#[cfg(windows)]
use super::found::Found;
use super::unknown::UNKNOWN;
use super::x86;
use crate::domain::CpuIdentity;

/// Asks the environment and `reg`.
#[cfg(windows)]
pub(super) fn found() -> Found {
    let identifier = std::env::var("PROCESSOR_IDENTIFIER").unwrap_or_default();
    let key = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0";
    let output = std::process::Command::new("reg").args(["query", key, "/v", "ProcessorNameString"]).output();
    let registry =
        output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned());
    Found {
        cpu: of_texts(&identifier, &registry),
        caches: Vec::new(),
        logical_cpus: super::found::all_cpus(),
        hypervisor: None,
    }
}

/// Reads `AMD64 Family 25 Model 1 Stepping 1, AuthenticAMD` and the answer of `reg query`.
pub(super) fn of_texts(identifier: &str, registry: &str) -> CpuIdentity {
    let (numbers, vendor) = identifier.rsplit_once(", ").unwrap_or((identifier, UNKNOWN));
    let words: Vec<&str> = numbers.split_whitespace().collect();
    let after = |name: &str| {
        let place = words.iter().position(|word| *word == name);
        let value = place.and_then(|place| words.get(place + 1));
        value.map_or(UNKNOWN, |value| value).to_owned()
    };
    let model =
        registry.split_once("REG_SZ").and_then(|(_, rest)| rest.lines().next()).map(x86::without_clock);
    CpuIdentity {
        vendor: vendor.to_owned(),
        model: model.filter(|model| !model.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned()),
        family: after("Family"),
        number: after("Model"),
        stepping: after("Stepping"),
        features: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_texts_are_read() {
        let registry = "\r\nHKEY_LOCAL_MACHINE\\HARDWARE\r\n    ProcessorNameString    REG_SZ    \
                        AMD EPYC 7763 64-Core Processor                \r\n\r\n";
        let cpu = of_texts("AMD64 Family 25 Model 1 Stepping 1, AuthenticAMD", registry);
        assert_eq!(
            (cpu.vendor.as_str(), cpu.model.as_str()),
            ("AuthenticAMD", "AMD EPYC 7763 64-Core Processor")
        );
        assert_eq!((cpu.family.as_str(), cpu.number.as_str(), cpu.stepping.as_str()), ("25", "1", "1"));
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        assert_eq!(of_texts("", ""), super::super::unknown::unknown_cpu());
    }
}
