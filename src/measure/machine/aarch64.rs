//! aarch64 processors, as Linux describes them in `/proc/cpuinfo`: by numbers that this table turns into names.

use std::collections::BTreeSet;

use super::unknown::UNKNOWN;
use super::x86::{count, value};
use crate::domain::CpuIdentity;

/// Extensions that code chooses by at run time, as Linux calls them.
const EXTENSIONS: [&str; 40] = [
    "aes", "asimd", "asimddp", "asimdfhm", "asimdhp", "asimdrdm", "atomics", "bf16", "bti", "crc32",
    "dcpodp", "dcpop", "dgh", "fcma", "flagm", "flagm2", "fp", "fphp", "frint", "i8mm", "ilrcpc", "jscvt",
    "lrcpc", "mops", "paca", "pacg", "pmull", "rng", "sha1", "sha2", "sha3", "sha512", "sm3", "sm4", "sme",
    "sve", "sve2", "svebf16", "svei8mm", "uscat",
];

/// Implementers by their number, from Arm's architecture manual and the Linux kernel.
const IMPLEMENTERS: [(u32, &str); 17] = [
    (0x41, "Arm"),
    (0x42, "Broadcom"),
    (0x43, "Cavium"),
    (0x44, "DEC"),
    (0x46, "Fujitsu"),
    (0x48, "HiSilicon"),
    (0x4d, "Motorola"),
    (0x4e, "NVIDIA"),
    (0x50, "APM"),
    (0x51, "Qualcomm"),
    (0x53, "Samsung"),
    (0x56, "Marvell"),
    (0x61, "Apple"),
    (0x66, "Faraday"),
    (0x69, "Intel"),
    (0x6d, "Microsoft"),
    (0xc0, "Ampere"),
];

/// Parts by implementer and part number.
const PARTS: [(u32, u32, &str); 56] = [
    (0x41, 0xd02, "Cortex-A34"),
    (0x41, 0xd03, "Cortex-A53"),
    (0x41, 0xd04, "Cortex-A35"),
    (0x41, 0xd05, "Cortex-A55"),
    (0x41, 0xd06, "Cortex-A65"),
    (0x41, 0xd07, "Cortex-A57"),
    (0x41, 0xd08, "Cortex-A72"),
    (0x41, 0xd09, "Cortex-A73"),
    (0x41, 0xd0a, "Cortex-A75"),
    (0x41, 0xd0b, "Cortex-A76"),
    (0x41, 0xd0c, "Neoverse-N1"),
    (0x41, 0xd0d, "Cortex-A77"),
    (0x41, 0xd0e, "Cortex-A76AE"),
    (0x41, 0xd40, "Neoverse-V1"),
    (0x41, 0xd41, "Cortex-A78"),
    (0x41, 0xd42, "Cortex-A78AE"),
    (0x41, 0xd44, "Cortex-X1"),
    (0x41, 0xd46, "Cortex-A510"),
    (0x41, 0xd47, "Cortex-A710"),
    (0x41, 0xd48, "Cortex-X2"),
    (0x41, 0xd49, "Neoverse-N2"),
    (0x41, 0xd4a, "Neoverse-E1"),
    (0x41, 0xd4b, "Cortex-A78C"),
    (0x41, 0xd4c, "Cortex-X1C"),
    (0x41, 0xd4d, "Cortex-A715"),
    (0x41, 0xd4e, "Cortex-X3"),
    (0x41, 0xd4f, "Neoverse-V2"),
    (0x41, 0xd80, "Cortex-A520"),
    (0x41, 0xd81, "Cortex-A720"),
    (0x41, 0xd82, "Cortex-X4"),
    (0x41, 0xd83, "Neoverse-V3AE"),
    (0x41, 0xd84, "Neoverse-V3"),
    (0x41, 0xd85, "Cortex-X925"),
    (0x41, 0xd87, "Cortex-A725"),
    (0x41, 0xd8e, "Neoverse-N3"),
    (0x43, 0x0a1, "ThunderX"),
    (0x43, 0x0af, "ThunderX2"),
    (0x46, 0x001, "A64FX"),
    (0x48, 0xd01, "Kunpeng-920"),
    (0x4e, 0x003, "Denver-2"),
    (0x4e, 0x004, "Carmel"),
    (0x50, 0x000, "X-Gene"),
    (0x51, 0x001, "Oryon"),
    (0x51, 0xc00, "Falkor"),
    (0x61, 0x022, "M1 Icestorm"),
    (0x61, 0x023, "M1 Firestorm"),
    (0x61, 0x024, "M1 Pro Icestorm"),
    (0x61, 0x025, "M1 Pro Firestorm"),
    (0x61, 0x028, "M1 Max Icestorm"),
    (0x61, 0x029, "M1 Max Firestorm"),
    (0x61, 0x032, "M2 Blizzard"),
    (0x61, 0x033, "M2 Avalanche"),
    (0x6d, 0xd49, "Azure Cobalt 100"),
    (0xc0, 0xac3, "Ampere-1"),
    (0xc0, 0xac4, "Ampere-1a"),
    (0xc0, 0xac5, "Ampere-1b"),
];

/// What is read from `/proc/cpuinfo` about the processor, and how many logical CPUs it lists. A processor with
/// different cores is named by all of them.
pub fn of_cpuinfo(text: &str) -> (CpuIdentity, u32) {
    let cores: Vec<&str> = text.split("\n\n").filter(|core| value(core, "CPU part").is_some()).collect();
    let each = |read: &dyn Fn(&str) -> String| {
        let distinct: BTreeSet<String> = cores.iter().map(|core| read(core)).collect();
        if distinct.is_empty() {
            UNKNOWN.to_owned()
        } else {
            distinct.into_iter().collect::<Vec<_>>().join(" + ")
        }
    };
    let field = |core: &str, name| value(core, name).unwrap_or(UNKNOWN).to_owned();
    let flags: BTreeSet<&str> = value(text, "Features").unwrap_or_default().split_whitespace().collect();
    let features = EXTENSIONS.into_iter().filter(|extension| flags.contains(extension));
    let cpu = CpuIdentity {
        vendor: each(&vendor),
        model: each(&part),
        family: each(&|core| field(core, "CPU architecture")),
        number: each(&|core| field(core, "CPU part")),
        stepping: each(&|core| format!("{} {}", field(core, "CPU variant"), field(core, "CPU revision"))),
        features: features.map(ToOwned::to_owned).collect(),
    };
    (cpu, count(text))
}

/// Whether a description is one of these.
pub fn is_described(text: &str) -> bool {
    value(text, "CPU implementer").is_some()
}

/// The implementer's name, or its number.
fn vendor(core: &str) -> String {
    let text = value(core, "CPU implementer").unwrap_or(UNKNOWN);
    let known = number(text).and_then(|number| IMPLEMENTERS.iter().find(|(other, _)| *other == number));
    known.map_or(text, |(_, name)| name).to_owned()
}

/// The part's name, or the numbers of implementer and part.
fn part(core: &str) -> String {
    let texts = ["CPU implementer", "CPU part"].map(|name| value(core, name).unwrap_or(UNKNOWN));
    let numbers = texts.map(number);
    let known = PARTS.iter().find(|(implementer, part, _)| numbers == [Some(*implementer), Some(*part)]);
    known.map_or_else(|| format!("part {} {}", texts[0], texts[1]), |(_, _, name)| (*name).to_owned())
}

/// A number as `/proc/cpuinfo` writes it: `0x41`.
fn number(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A description as Linux writes it, with a core for every implementer and part.
    fn cpuinfo(cores: &[(&str, &str)], features: &str) -> String {
        let cores = cores.iter().enumerate().map(|(index, (implementer, part))| {
            format!(
                "processor\t: {index}\nBogoMIPS\t: 243.75\nFeatures\t: {features}\nCPU implementer\t: {implementer}\n\
                 CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: {part}\nCPU revision\t: 1\n"
            )
        });
        cores.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn graviton_is_read() {
        let features = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs";
        let text = cpuinfo(&[("0x41", "0xd0c"), ("0x41", "0xd0c")], features);
        assert!(is_described(&text));
        let (cpu, logical) = of_cpuinfo(&text);
        assert_eq!((cpu.vendor.as_str(), cpu.model.as_str()), ("Arm", "Neoverse-N1"));
        assert_eq!(
            (cpu.family.as_str(), cpu.number.as_str(), cpu.stepping.as_str()),
            ("8", "0xd0c", "0x3 1")
        );
        assert!(cpu.features.contains("atomics") && !cpu.features.contains("evtstrm"));
        assert_eq!(logical, 2);
    }

    #[test]
    fn other_makers_are_read() {
        let model = |implementer, part| of_cpuinfo(&cpuinfo(&[(implementer, part)], "")).0;
        assert_eq!(model("0xc0", "0xac3").model, "Ampere-1");
        assert_eq!(model("0x41", "0xd08").model, "Cortex-A72", "a Raspberry Pi 4");
        assert_eq!(model("0x61", "0x023").vendor, "Apple");
        assert_eq!(model("0x41", "0xd4f").model, "Neoverse-V2", "Graviton 4");
    }

    #[test]
    fn different_cores_are_all_named_in_any_order() {
        let little_big = of_cpuinfo(&cpuinfo(&[("0x41", "0xd05"), ("0x41", "0xd0b")], "")).0;
        let big_little = of_cpuinfo(&cpuinfo(&[("0x41", "0xd0b"), ("0x41", "0xd05")], "")).0;
        assert_eq!(little_big.model, "Cortex-A55 + Cortex-A76");
        assert_eq!(little_big, big_little);
    }

    #[test]
    fn an_unknown_part_keeps_its_numbers() {
        let (cpu, _) = of_cpuinfo(&cpuinfo(&[("0x99", "0x123")], ""));
        assert_eq!((cpu.vendor.as_str(), cpu.model.as_str()), ("0x99", "part 0x99 0x123"));
        assert!(!is_described("processor : 0\n"));
    }

    #[test]
    fn the_tables_are_sorted_and_name_nothing_twice() {
        assert!(EXTENSIONS.is_sorted());
        assert!(IMPLEMENTERS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(PARTS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }
}
