//! Facts as Linux shows them in files.

use std::fs;
use std::path::Path;

use super::found::Found;
use super::{aarch64, caches, hypervisor, x86};
use crate::domain::CacheLevel;

/// Files that say who made the machine, on either architecture.
const MAKERS: [&str; 7] = [
    "sys/class/dmi/id/sys_vendor",
    "sys/class/dmi/id/product_name",
    "sys/class/dmi/id/board_vendor",
    "sys/class/dmi/id/bios_vendor",
    "sys/hypervisor/type",
    "proc/device-tree/hypervisor/compatible",
    "proc/device-tree/model",
];

/// Reads the files below a root: `/`, unless somebody tests.
pub(super) fn found(root: &Path) -> Found {
    let cpuinfo = read(&root.join("proc/cpuinfo"));
    let makers: Vec<String> = MAKERS.iter().map(|path| read(&root.join(path))).collect();
    let ((cpu, logical_cpus), flagged) = if aarch64::is_described(&cpuinfo) {
        (aarch64::of_cpuinfo(&cpuinfo), false)
    } else {
        let (cpu, flagged, logical) = x86::of_cpuinfo(&cpuinfo);
        ((cpu, logical), flagged)
    };
    let hypervisor = hypervisor::of_texts(flagged, &makers);
    Found { cpu, caches: of_first_cpu(root), logical_cpus, hypervisor }
}

/// The caches that the first CPU sees.
fn of_first_cpu(root: &Path) -> Vec<CacheLevel> {
    let Ok(entries) = fs::read_dir(root.join("sys/devices/system/cpu/cpu0/cache")) else { return Vec::new() };
    let folders = entries.flatten().map(|entry| entry.path());
    let read_cache = |folder: std::path::PathBuf| {
        let file = |name| read(&folder.join(name));
        caches::of_sysfs(&file("level"), &file("type"), &file("size"))
    };
    folders.filter_map(read_cache).collect()
}

/// A file's text; empty when it is not there or not ours to read.
fn read(path: &Path) -> String {
    fs::read(path).map_or(String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_virtual_x86_machine_is_read() {
        let cache = "sys/devices/system/cpu/cpu0/cache";
        let root = root(&[
            ("proc/cpuinfo", include_str!("fixtures/epyc.txt")),
            ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"),
            (&format!("{cache}/index0/level"), "1\n"),
            (&format!("{cache}/index0/type"), "Data\n"),
            (&format!("{cache}/index0/size"), "32K\n"),
            (&format!("{cache}/uevent"), "\n"),
        ]);
        let found = found(root.path());
        assert_eq!(found.logical_cpus, 2);
        assert_eq!(found.hypervisor.as_deref(), Some("Hyper-V"));
        assert_eq!(found.caches, [CacheLevel { level: 1, kind: "data".into(), bytes: 32 * 1024 }]);
    }

    #[test]
    fn clock_speeds_change_nothing() {
        let text = include_str!("fixtures/epyc.txt");
        let one = root(&[("proc/cpuinfo", text)]);
        let two = root(&[("proc/cpuinfo", &text.replace("3232.919", "1500.000"))]);
        assert_eq!(found(one.path()), found(two.path()));
    }

    #[test]
    fn a_virtual_aarch64_machine_is_known_by_its_maker() {
        let core = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        let root = root(&[("proc/cpuinfo", core), ("sys/class/dmi/id/sys_vendor", "Amazon EC2\n")]);
        let found = found(root.path());
        assert_eq!(found.cpu.model, "Neoverse-N1");
        assert_eq!(found.hypervisor.as_deref(), Some("Amazon EC2"));
    }

    #[test]
    fn an_empty_root_is_no_panic() {
        let root = root(&[]);
        assert!(found(root.path()).caches.is_empty());
    }
}
