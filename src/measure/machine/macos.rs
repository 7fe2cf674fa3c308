//! Facts as macOS shows them through `sysctl`.

use std::collections::{BTreeMap, BTreeSet};

use super::found::Found;
use super::unknown::UNKNOWN;
use super::{hypervisor, x86};
use crate::domain::{CacheLevel, CpuIdentity};

/// What is asked for.
#[cfg(target_os = "macos")]
const TREES: [&str; 3] = ["hw", "machdep.cpu", "kern.hv_vmm_present"];

/// Extensions of x86 processors, as macOS calls them.
const X86_EXTENSIONS: [&str; 20] = [
    "ADX",
    "AES",
    "AVX1.0",
    "AVX2",
    "AVX512BW",
    "AVX512CD",
    "AVX512DQ",
    "AVX512F",
    "AVX512VL",
    "BMI1",
    "BMI2",
    "F16C",
    "FMA",
    "LZCNT",
    "MOVBE",
    "PCLMULQDQ",
    "POPCNT",
    "SSE4.1",
    "SSE4.2",
    "SSSE3",
];

/// Asks `sysctl`.
#[cfg(target_os = "macos")]
pub(super) fn found() -> Found {
    let output = std::process::Command::new("/usr/sbin/sysctl").args(TREES).output();
    let text = output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned());
    let mut found = of_sysctl(&text);
    if found.logical_cpus == 0 {
        found.logical_cpus = super::found::all_cpus();
    }
    found
}

/// Reads what `sysctl` prints: a line for every value, `hw.ncpu: 8`. No logical CPUs mean that it did not say.
pub(super) fn of_sysctl(text: &str) -> Found {
    let values: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let value = |name: &str| values.get(name).map(|value| value.trim().to_owned());
    let or_unknown = |name: &str| value(name).unwrap_or_else(|| UNKNOWN.to_owned());
    let number = |name: &str| value(name).and_then(|value| value.parse::<u64>().ok());
    let apple = value("machdep.cpu.vendor").is_none();
    let cpu = CpuIdentity {
        vendor: if apple { "Apple".to_owned() } else { or_unknown("machdep.cpu.vendor") },
        model: x86::without_clock(&or_unknown("machdep.cpu.brand_string")),
        family: or_unknown(if apple { "hw.cpufamily" } else { "machdep.cpu.family" }),
        number: or_unknown(if apple { "hw.cpusubfamily" } else { "machdep.cpu.model" }),
        stepping: or_unknown("machdep.cpu.stepping"),
        features: if apple { arm_features(&values) } else { x86_features(&values) },
    };
    let virtual_machine = number("kern.hv_vmm_present") == Some(1);
    let makers = if apple { vec!["Apple Virtualization".to_owned()] } else { Vec::new() };
    Found {
        cpu,
        caches: caches(&number),
        logical_cpus: number("hw.logicalcpu_max").or(number("hw.ncpu")).unwrap_or(0).try_into().unwrap_or(0),
        hypervisor: virtual_machine.then(|| hypervisor::of_texts(true, &makers)).flatten(),
    }
}

/// The features that a value of 1 confirms.
fn arm_features(values: &BTreeMap<&str, &str>) -> BTreeSet<String> {
    let confirmed = values.iter().filter(|(_, value)| value.trim() == "1");
    confirmed
        .filter_map(|(name, _)| name.strip_prefix("hw.optional.arm.FEAT_"))
        .map(str::to_lowercase)
        .collect()
}

/// The features that lists of words name.
fn x86_features(values: &BTreeMap<&str, &str>) -> BTreeSet<String> {
    let lists = ["machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures"];
    let words = lists.iter().filter_map(|name| values.get(name)).flat_map(|list| list.split_whitespace());
    words.filter(|word| X86_EXTENSIONS.contains(word)).map(str::to_lowercase).collect()
}

/// The caches, of the fastest cores where cores differ.
fn caches(number: &dyn Fn(&str) -> Option<u64>) -> Vec<CacheLevel> {
    let known =
        [(1, "data", "l1dcachesize"), (1, "instruction", "l1icachesize"), (2, "unified", "l2cachesize")];
    let known = known.into_iter().chain([(3, "unified", "l3cachesize")]);
    let size = |name: &str| {
        let fastest = number(&format!("hw.perflevel0.{name}"));
        fastest.or_else(|| number(&format!("hw.{name}"))).filter(|&bytes| bytes > 0)
    };
    let caches = known.filter_map(|(level, kind, name)| {
        size(name).map(|bytes| CacheLevel { level, kind: kind.to_owned(), bytes })
    });
    caches.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apple_processor_is_read() {
        let found = of_sysctl(
            "hw.ncpu: 8\nhw.logicalcpu_max: 8\nhw.cpufamily: -634136515\nhw.cpusubfamily: 2\n\
             hw.perflevel0.l1icachesize: 196608\nhw.perflevel0.l1dcachesize: 131072\n\
             hw.perflevel0.l2cachesize: 16777216\nhw.l1dcachesize: 65536\nhw.cpufrequency: 2400000000\n\
             hw.optional.arm.FEAT_LSE: 1\nhw.optional.arm.FEAT_SME: 0\n\
             machdep.cpu.brand_string: Apple M2\nkern.hv_vmm_present: 0\n",
        );
        assert_eq!((found.cpu.vendor.as_str(), found.cpu.model.as_str()), ("Apple", "Apple M2"));
        assert_eq!(found.cpu.features, BTreeSet::from(["lse".to_owned()]));
        assert_eq!(found.caches[0].bytes, 131_072);
        assert_eq!((found.logical_cpus, found.hypervisor), (8, None));
    }

    #[test]
    fn an_intel_processor_in_a_virtual_machine_is_read() {
        let found = of_sysctl(
            "hw.ncpu: 4\nhw.l3cachesize: 12582912\nmachdep.cpu.vendor: GenuineIntel\nmachdep.cpu.family: 6\n\
             machdep.cpu.model: 158\nmachdep.cpu.stepping: 10\nmachdep.cpu.features: FPU SSSE3 AES VMM\n\
             machdep.cpu.leaf7_features: AVX2 SMEP\n\
             machdep.cpu.brand_string: Intel(R) Core(TM) i7-8700B CPU @ 3.20GHz\nkern.hv_vmm_present: 1\n",
        );
        assert_eq!(found.cpu.model, "Intel(R) Core(TM) i7-8700B CPU");
        assert_eq!(found.cpu.features.into_iter().collect::<Vec<_>>(), ["aes", "avx2", "ssse3"]);
        assert_eq!(found.hypervisor.as_deref(), Some("unknown"));
        assert_eq!(found.logical_cpus, 4);
    }

    #[test]
    fn nothing_is_no_panic() {
        assert_eq!(of_sysctl("").logical_cpus, 0);
    }
}
