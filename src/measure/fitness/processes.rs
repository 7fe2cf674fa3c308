//! Who uses the processor: `/proc/stat` and `/proc/PID/stat`, parsed.

use std::collections::BTreeMap;

use crate::domain::Load;

/// How many of the heaviest processes are named.
const NAMED: usize = 3;

/// A process that uses less than this much of a CPU is not named.
const WORTH_A_NAME: f64 = 0.02;

/// The first line of `/proc/stat`, in clock ticks since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ticks {
    /// Running something.
    pub(super) busy: u64,
    /// Given to others by a hypervisor.
    pub(super) stolen: u64,
    /// All of it.
    pub(super) total: u64,
}

impl Ticks {
    /// Reads `/proc/stat`. `None` for anything else.
    pub(super) fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let numbers: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
        let [user, nice, system, idle, waiting, hard, soft, stolen, ..] = numbers[..] else { return None };
        // Guests' time is counted in user time already.
        let busy = user + nice + system + hard + soft;
        Some(Self { busy, stolen, total: busy + idle + waiting + stolen })
    }
}

/// A process: its name and the ticks it has used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    name: String,
    ticks: u64,
}

impl Process {
    /// Reads `/proc/PID/stat`.
    pub(super) fn parse(stat: &str) -> Option<Self> {
        // The name in brackets may contain anything, brackets too.
        let (head, rest) = stat.rsplit_once(')')?;
        let (_, name) = head.split_once('(')?;
        let mut numbers = rest.split_whitespace().skip(11).map_while(|number| number.parse::<u64>().ok());
        let ticks = numbers.next()? + numbers.next()?;
        Some(Self { name: name.to_owned(), ticks })
    }
}

/// Everything that runs, by its number.
pub(super) type Processes = BTreeMap<u32, Process>;

/// What other processes than `own` used between two looks, `seconds` apart, with so many ticks a second.
pub(super) fn load(
    (before, after): (&Ticks, &Ticks),
    (earlier, later): (&Processes, &Processes),
    own: u32,
    ticks_of_all: f64,
) -> Load {
    let used = |pid: &u32, process: &Process| {
        // Of one that is new, everything it ever used was used since. A kernel thread changes its name as it works.
        let past = earlier.get(pid).map(|past| past.ticks).filter(|past| *past <= process.ticks);
        process.ticks - past.unwrap_or(0)
    };
    let ours = later.get(&own).map_or(0, |process| used(&own, process));
    let busy = after.busy.saturating_sub(before.busy).saturating_sub(ours);
    let mut by_name: BTreeMap<&str, u64> = BTreeMap::new();
    for (pid, process) in later.iter().filter(|(pid, _)| **pid != own) {
        *by_name.entry(&process.name).or_default() += used(pid, process);
    }
    let share = |ticks: u64| if ticks_of_all > 0.0 { ticks as f64 / ticks_of_all } else { 0.0 };
    let mut heaviest: Vec<(String, f64)> =
        by_name.into_iter().map(|(name, ticks)| (name.to_owned(), share(ticks))).collect();
    heaviest.retain(|(_, used)| *used >= WORTH_A_NAME);
    heaviest.sort_by(|a, b| b.1.total_cmp(&a.1));
    heaviest.truncate(NAMED);
    Load { cpus: share(busy), heaviest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_neither_busy_nor_idle() {
        let ticks = Ticks::parse("cpu  100 10 50 800 20 3 7 10 5 0\ncpu0 1 2 3\n").unwrap();
        assert_eq!(ticks, Ticks { busy: 170, stolen: 10, total: 1000 });
        assert_eq!(Ticks::parse("intr 1 2 3"), None);
        assert_eq!(Ticks::parse("cpu  1 2 3"), None, "kernels before 2.6.11 know no stolen time");
    }

    #[test]
    fn the_heaviest_are_named_and_we_are_not() {
        let process = |name: &str, ticks| {
            Process::parse(&format!("7 ({name}) R 1 7 7 0 -1 4 1 2 3 4 {ticks} 0 0 0")).unwrap()
        };
        let earlier: Processes = [(1, process("own", 5)), (2, process("a) (b", 50))].into();
        let later: Processes = [
            (1, process("own", 25)),
            (2, process("a) (b", 110)),
            (3, process("cc", 20)),
            (4, process("cc", 10)),
            (5, process("idle", 0)),
        ]
        .into();
        let (before, after) = (Ticks::default(), Ticks { busy: 120, stolen: 0, total: 200 });
        let load = load((&before, &after), (&earlier, &later), 1, 100.0);
        assert!((load.cpus - 1.0).abs() < 1e-12);
        assert_eq!(load.heaviest, [("a) (b".to_owned(), 0.6), ("cc".to_owned(), 0.3)]);
    }
}
