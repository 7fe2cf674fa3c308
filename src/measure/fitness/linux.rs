//! A machine's condition as Linux shows it in files.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::processes::{Process, Processes, Ticks, load};
use crate::domain::{Condition, Memory, Quota};

/// One look at what everybody has used so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    ticks: Option<Ticks>,
    processes: Processes,
}

/// Looks at the counters below a root: `/`, unless somebody tests.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "elsewhere only what it reads is tested"))]
pub(super) fn sample(root: &Path) -> Look {
    let numbered = |entry: &fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let processes = entries(&root.join("proc"));
    let processes = processes.iter().filter_map(|entry| {
        let pid = numbered(entry)?;
        Some((pid, Process::parse(&read(&entry.path().join("stat")))?))
    });
    Look { ticks: Ticks::parse(&read(&root.join("proc/stat"))), processes: processes.collect() }
}

/// What the files below a root tell, and what was used between two looks.
pub(super) fn condition(root: &Path, before: &Look, after: &Look) -> Condition {
    let (governors, turbo) = (governors(root), turbo(root));
    let watched = before.ticks.zip(after.ticks).filter(|(before, after)| after.total > before.total);
    let cpus = cpus(&read(&root.join("proc/stat")));
    // The time that passed, by the system's own clock: all ticks of one CPU.
    let passed =
        |(before, after): (Ticks, Ticks)| (after.total - before.total) as f64 / f64::from(cpus.max(1));
    Condition {
        load: watched.map(|both| {
            let ticks = (&both.0, &both.1);
            load(ticks, (&before.processes, &after.processes), std::process::id(), passed(both))
        }),
        stolen: watched.map(|(before, after)| {
            after.stolen.saturating_sub(before.stolen) as f64 / (after.total - before.total) as f64
        }),
        governors,
        turbo,
        allowed: std::thread::available_parallelism().ok().and_then(|count| count.get().try_into().ok()),
        pinning: None,
        on_battery: on_battery(root),
        memory: memory(&read(&root.join("proc/meminfo")), &read(&root.join("proc/pressure/memory"))),
        random_addresses: random_addresses(root),
        valgrind: None,
        counters: counters(root),
        quota: Some(quota(root).map_or(Quota::Unlimited, Quota::Cpus)),
    }
}

/// Binds this very thread to the first CPU it may use, and frees it again.
#[cfg(target_os = "linux")]
pub(super) fn try_pinning() -> Result<(), String> {
    let words = |error: rustix::io::Errno| std::io::Error::from(error).to_string();
    let all = sched_getaffinity(None).map_err(words)?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).ok_or("there is no CPU to choose")?;
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).map_err(words)?;
    sched_setaffinity(None, &all).map_err(words)
}

/// How many CPUs `/proc/stat` has a line for.
fn cpus(stat: &str) -> u32 {
    let lines = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    u32::try_from(lines.count()).unwrap_or(u32::MAX)
}

fn governors(root: &Path) -> Option<Vec<String>> {
    let folder = root.join("sys/devices/system/cpu/cpufreq");
    let policies = entries(&folder);
    let mut found: Vec<String> = policies
        .iter()
        .map(|entry| read(&entry.path().join("scaling_governor")).trim().to_owned())
        .filter(|governor| !governor.is_empty())
        .collect();
    found.sort();
    found.dedup();
    (!found.is_empty()).then_some(found)
}

fn turbo(root: &Path) -> Option<bool> {
    let cpu = root.join("sys/devices/system/cpu");
    match (read(&cpu.join("intel_pstate/no_turbo")).trim(), read(&cpu.join("cpufreq/boost")).trim()) {
        ("0", _) | ("", "1") => Some(true),
        ("1", _) | ("", "0") => Some(false),
        _ => None,
    }
}

/// A battery that is not charged counts, unless it is one of a mouse or a pen.
fn on_battery(root: &Path) -> Option<bool> {
    let folder = root.join("sys/class/power_supply");
    if !root.join("sys/class").is_dir() {
        return None;
    }
    let batteries: Vec<PathBuf> = entries(&folder)
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| {
            read(&path.join("type")).trim() == "Battery" && read(&path.join("scope")).trim() != "Device"
        })
        .collect();
    Some(batteries.iter().any(|path| read(&path.join("status")).trim() == "Discharging"))
}

fn memory(meminfo: &str, pressure: &str) -> Option<Memory> {
    let kib = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let (total, available) = (kib("MemTotal")?, kib("MemAvailable")?);
    let swapped = kib("SwapTotal").zip(kib("SwapFree")).map_or(0, |(total, free)| total.saturating_sub(free));
    let waited = pressure.lines().find_map(|line| {
        let share = line.strip_prefix("some ")?.split(' ').find_map(|part| part.strip_prefix("avg10="))?;
        share.parse::<f64>().ok().map(|percent| percent / 100.0)
    });
    let available = available as f64 / total.max(1) as f64;
    Some(Memory { available, swapped: swapped * 1024, pressure: waited })
}

/// Both the system and this process's own personality have a say: `setarch -R` turns it off for what it starts.
fn random_addresses(root: &Path) -> Option<bool> {
    const FIXED: u32 = 0x0004_0000;
    let everywhere: u8 = read(&root.join("proc/sys/kernel/randomize_va_space")).trim().parse().ok()?;
    let personality = u32::from_str_radix(read(&root.join("proc/self/personality")).trim(), 16).unwrap_or(0);
    Some(everywhere > 0 && personality & FIXED == 0)
}

/// Whether the kernel knows a unit that counts for the processor: `cpu`, `cpu_core`, `armv8_…`.
fn counters(root: &Path) -> Option<bool> {
    let folder = root.join("sys/bus/event_source/devices");
    if !folder.is_dir() {
        return None;
    }
    Some(entries(&folder).iter().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name == "cpu" || name.starts_with("cpu_") || name.starts_with("armv8")
    }))
}

/// The least quota of our control group and those above it, in CPUs. Both versions of control groups.
fn quota(root: &Path) -> Option<f64> {
    let cgroups = read(&root.join("proc/self/cgroup"));
    let mut quotas = Vec::new();
    for line in cgroups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let base = if controllers.is_empty() {
            root.join("sys/fs/cgroup")
        } else if controllers.split(',').any(|name| name == "cpu") {
            root.join("sys/fs/cgroup").join(controllers)
        } else {
            continue;
        };
        // In a container the path may not exist below the mount; what is there is the container's own.
        for folder in Path::new(path.trim_start_matches('/')).ancestors() {
            quotas.extend(quota_of(&base.join(folder)));
        }
    }
    quotas.into_iter().reduce(f64::min)
}

fn quota_of(folder: &Path) -> Option<f64> {
    let both = read(&folder.join("cpu.max"));
    let (quota, period) = match both.split_once(' ') {
        Some((quota, period)) => (quota.to_owned(), period.to_owned()),
        None => (read(&folder.join("cpu.cfs_quota_us")), read(&folder.join("cpu.cfs_period_us"))),
    };
    let (quota, period): (f64, f64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

fn entries(folder: &Path) -> Vec<fs::DirEntry> {
    fs::read_dir(folder).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect())
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

    fn read_once(files: &[(&str, &str)]) -> Condition {
        let root = root(files);
        condition(root.path(), &Look::default(), &Look::default())
    }

    #[test]
    fn a_laptop_is_read() {
        let power = "sys/class/power_supply";
        let found = read_once(&[
            ("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n"),
            ("sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "powersave\n"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
            (&format!("{power}/BAT0/type"), "Battery\n"),
            (&format!("{power}/BAT0/status"), "Discharging\n"),
            (
                "proc/meminfo",
                "MemTotal:  1000 kB\nMemAvailable: 250 kB\nSwapTotal: 100 kB\nSwapFree: 40 kB\n",
            ),
            ("proc/pressure/memory", "some avg10=1.50 avg60=0.00 avg300=0.00 total=0\nfull avg10=9.00\n"),
            ("proc/sys/kernel/randomize_va_space", "2\n"),
            ("sys/bus/event_source/devices/cpu/type", "4\n"),
        ]);
        assert_eq!(found.governors, Some(vec!["powersave".to_owned()]));
        assert_eq!((found.turbo, found.on_battery), (Some(true), Some(true)));
        let memory = found.memory.unwrap();
        assert_eq!((memory.available, memory.swapped, memory.pressure), (0.25, 60 * 1024, Some(0.015)));
        assert_eq!((found.random_addresses, found.counters), (Some(true), Some(true)));
        assert_eq!((found.load, found.stolen, found.quota), (None, None, Some(Quota::Unlimited)));
    }

    #[test]
    fn a_mouse_with_a_battery_is_no_laptop() {
        let power = "sys/class/power_supply/mouse";
        let found = read_once(&[
            (&format!("{power}/type"), "Battery\n"),
            (&format!("{power}/scope"), "Device\n"),
            (&format!("{power}/status"), "Discharging\n"),
        ]);
        assert_eq!(found.on_battery, Some(false));
    }

    #[test]
    fn a_quota_of_either_kind_is_found_also_further_up() {
        let two = read_once(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(two.quota, Some(Quota::Cpus(1.5)));
        let one = read_once(&[
            ("proc/self/cgroup", "3:cpuset:/\n1:cpu,cpuacct:/docker/1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(one.quota, Some(Quota::Cpus(0.5)));
    }

    #[test]
    fn fixed_addresses_are_seen_for_the_system_and_for_us() {
        let space = ("proc/sys/kernel/randomize_va_space", "2\n");
        assert_eq!(
            read_once(&[space, ("proc/self/personality", "00040000\n")]).random_addresses,
            Some(false)
        );
        assert_eq!(read_once(&[("proc/sys/kernel/randomize_va_space", "0\n")]).random_addresses, Some(false));
    }

    #[test]
    fn an_empty_root_tells_nothing() {
        let found = read_once(&[]);
        assert_eq!((found.governors, found.turbo, found.on_battery), (None, None, None));
        assert_eq!((found.memory, found.random_addresses, found.counters), (None, None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_watched() {
        let before = sample(Path::new("/"));
        std::thread::sleep(std::time::Duration::from_millis(50));
        let found = condition(Path::new("/"), &before, &sample(Path::new("/")));
        assert!(found.load.is_some_and(|load| load.cpus >= 0.0));
        assert!(found.memory.is_some_and(|memory| (0.0..=1.0).contains(&memory.available)));
        let _ = try_pinning();
    }
}
