//! x86 processors, as Linux describes them in `/proc/cpuinfo`.

use std::collections::BTreeSet;

use super::unknown::UNKNOWN;
use crate::domain::CpuIdentity;

/// Extensions that code chooses by at run time, as Linux calls them. Nothing about power, security or virtualization:
/// those come and go with kernels.
const EXTENSIONS: [&str; 52] = [
    "abm",
    "adx",
    "aes",
    "amx_bf16",
    "amx_int8",
    "amx_tile",
    "avx",
    "avx2",
    "avx512_bf16",
    "avx512_bitalg",
    "avx512_fp16",
    "avx512_vbmi2",
    "avx512_vnni",
    "avx512_vp2intersect",
    "avx512_vpopcntdq",
    "avx512bw",
    "avx512cd",
    "avx512dq",
    "avx512er",
    "avx512f",
    "avx512ifma",
    "avx512pf",
    "avx512vbmi",
    "avx512vl",
    "avx_vnni",
    "bmi1",
    "bmi2",
    "cx16",
    "erms",
    "f16c",
    "fma",
    "fma4",
    "fsrm",
    "gfni",
    "lahf_lm",
    "movbe",
    "pclmulqdq",
    "pni",
    "popcnt",
    "rdrand",
    "rdseed",
    "rtm",
    "sha_ni",
    "sse",
    "sse2",
    "sse4_1",
    "sse4_2",
    "sse4a",
    "ssse3",
    "vaes",
    "vpclmulqdq",
    "xop",
];

/// What is read from `/proc/cpuinfo` about the processor, whether it says that a hypervisor is present, and how many
/// logical CPUs it lists.
pub fn of_cpuinfo(text: &str) -> (CpuIdentity, bool, u32) {
    let value = |name| value(text, name).unwrap_or(UNKNOWN).to_owned();
    let flags: BTreeSet<&str> =
        super::x86::value(text, "flags").unwrap_or_default().split_whitespace().collect();
    let features = EXTENSIONS.into_iter().filter(|extension| flags.contains(extension));
    let cpu = CpuIdentity {
        vendor: value("vendor_id"),
        model: without_clock(&value("model name")),
        family: value("cpu family"),
        number: value("model"),
        stepping: value("stepping"),
        features: features.map(ToOwned::to_owned).collect(),
    };
    (cpu, flags.contains("hypervisor"), count(text))
}

/// The value of the first line of that name.
pub(super) fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// How many logical CPUs are listed.
pub(super) fn count(text: &str) -> u32 {
    let listed =
        text.lines().filter(|line| line.split(':').next().is_some_and(|key| key.trim() == "processor"));
    u32::try_from(listed.count()).unwrap_or(u32::MAX).max(1)
}

/// A brand string without the clock speed that some end with: `… @ 2.80GHz`.
pub(super) fn without_clock(model: &str) -> String {
    let model = model.split(" @ ").next().unwrap_or(model);
    model.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPYC: &str = include_str!("fixtures/epyc.txt");
    const XEON: &str = include_str!("fixtures/xeon.txt");

    #[test]
    fn an_amd_processor_is_read() {
        let (cpu, virtual_machine, logical) = of_cpuinfo(EPYC);
        assert_eq!(cpu.vendor, "AuthenticAMD");
        assert_eq!(cpu.model, "AMD EPYC 7763 64-Core Processor");
        assert_eq!((cpu.family.as_str(), cpu.number.as_str(), cpu.stepping.as_str()), ("25", "1", "1"));
        assert!(cpu.features.contains("avx2") && cpu.features.contains("sha_ni"));
        assert!(!cpu.features.contains("hypervisor") && !cpu.features.contains("avx512f"));
        assert!(virtual_machine);
        assert_eq!(logical, 2);
    }

    #[test]
    fn an_intel_processor_is_read_without_its_clock() {
        let (cpu, virtual_machine, logical) = of_cpuinfo(XEON);
        assert_eq!(cpu.model, "Intel(R) Xeon(R) Platinum 8370C CPU");
        assert_eq!(cpu.number, "106");
        assert!(cpu.features.contains("avx512f") && cpu.features.contains("avx512_vnni"));
        assert!(!virtual_machine);
        assert_eq!(logical, 1);
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        let (cpu, virtual_machine, logical) = of_cpuinfo("");
        assert_eq!(cpu, super::super::unknown::unknown_cpu());
        assert!(!virtual_machine);
        assert_eq!(logical, 1);
    }

    #[test]
    fn the_list_of_extensions_is_sorted() {
        assert!(EXTENSIONS.is_sorted());
    }
}
