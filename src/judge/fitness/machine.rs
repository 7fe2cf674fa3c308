//! What a machine's condition means for measuring on it.

use super::{advised, finding, percent};
use crate::domain::{Condition, Finding, Fitness, Load, MachineFacts, Memory, Quota, Topic};

/// Other processes may use this much of one CPU before it is worth a word.
const QUIET: f64 = 0.1;

/// Stolen time above these shares is worth a word, and spoils figures.
const STOLEN: (f64, f64) = (0.01, 0.10);

/// Below this share of memory for new programs, systems begin to swap.
const SCARCE: f64 = 0.05;

/// Waiting for memory for more than this share of the time spoils figures.
const PRESSED: f64 = 0.05;

/// Judges a machine by what it is like right now.
pub fn machine(condition: &Condition, facts: &MachineFacts) -> Vec<Finding> {
    vec![
        load(condition.load.as_ref(), facts.logical_cpus),
        stolen(condition.stolen),
        frequency(condition.governors.as_deref()),
        turbo(condition.turbo),
        virtualisation(facts.hypervisor.as_deref()),
        cpus(condition.allowed.unwrap_or(facts.logical_cpus)),
        pinning(condition.pinning.as_ref()),
        quota(condition.quota, facts.logical_cpus),
        power(condition.on_battery),
        memory(condition.memory),
        addresses(condition.random_addresses),
        valgrind(condition.valgrind.as_deref()),
        counters(condition.counters),
    ]
}

fn of(subject: &'static str, found: impl Into<String>, fitness: Fitness, meaning: &str) -> Finding {
    finding(Topic::Machine, subject, found, fitness, meaning)
}

fn unknown(subject: &'static str, meaning: &str) -> Finding {
    of(subject, "the system does not tell", Fitness::Unknown, meaning)
}

fn load(load: Option<&Load>, cpus: u32) -> Finding {
    const SUBJECT: &str = "load";
    let Some(Load { cpus: busy, heaviest }) = load else {
        return unknown(SUBJECT, "programs beside the benches take the processor and its caches from them");
    };
    let names: Vec<String> = heaviest.iter().map(|(name, used)| format!("{name} {used:.2}")).collect();
    let by = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    let found = format!("other programs use {busy:.2} of {cpus} CPUs{by}");
    if *busy < QUIET {
        of(SUBJECT, found, Fitness::Fit, "nothing else wants the processor")
    } else if f64::from(cpus) - busy >= 1.0 + QUIET {
        advised(
            of(
                SUBJECT,
                found,
                Fitness::Caution,
                "a CPU is left for the benches, but caches and memory are shared",
            ),
            "end what need not run now, or give benchmarks more time with --budget",
        )
    } else {
        advised(
            of(
                SUBJECT,
                found,
                Fitness::Unfit,
                "no CPU is left for the benches alone: pairs err more, and it takes more of them",
            ),
            "end these programs, or wait until they are done",
        )
    }
}

fn stolen(share: Option<f64>) -> Finding {
    const SUBJECT: &str = "stolen time";
    let Some(share) = share else {
        return unknown(SUBJECT, "what a hypervisor gives to other machines is taken from samples");
    };
    let found = format!("{} of processor time went to other machines", percent(share));
    if share < STOLEN.0 {
        of(SUBJECT, found, Fitness::Fit, "the host has time for this machine")
    } else {
        let fitness = if share < STOLEN.1 { Fitness::Caution } else { Fitness::Unfit };
        let meaning = "the host is crowded: samples are cut in two at any moment";
        advised(
            of(SUBJECT, found, fitness, meaning),
            "measure at another hour or on another machine, or use a machine with dedicated CPUs",
        )
    }
}

fn frequency(governors: Option<&[String]>) -> Finding {
    const SUBJECT: &str = "frequency";
    match governors {
        None | Some([]) => {
            unknown(SUBJECT, "no frequency scaling is shown, as in most virtual machines: the host decides")
        }
        Some([one]) if one == "performance" => {
            of(SUBJECT, "governor performance", Fitness::Fit, "the clock does not wait for load")
        }
        Some(governors) => advised(
            of(
                SUBJECT,
                format!("governor {}", governors.join(", ")),
                Fitness::Caution,
                "the clock follows the load: turns by the sample cancel it, stored figures wander",
            ),
            "sudo cpupower frequency-set --governor performance",
        ),
    }
}

fn turbo(turbo: Option<bool>) -> Finding {
    const SUBJECT: &str = "turbo";
    match turbo {
        None => unknown(SUBJECT, "a clock that rises above its base falls again with heat"),
        Some(false) => of(SUBJECT, "off", Fitness::Fit, "the clock stays at its base"),
        Some(true) => advised(
            of(
                SUBJECT,
                "on",
                Fitness::Caution,
                "the clock falls with heat and with busy neighbours: turns by the sample cancel it, stored figures wander",
            ),
            "leave it for comparisons; for a stable history turn it off in the firmware or in /sys",
        ),
    }
}

fn virtualisation(hypervisor: Option<&str>) -> Finding {
    const SUBJECT: &str = "virtualisation";
    match hypervisor {
        None => of(SUBJECT, "none seen", Fitness::Fit, "nobody else decides when this machine runs"),
        Some(name) => of(
            SUBJECT,
            format!("a virtual machine ({name})"),
            Fitness::Caution,
            "neighbours on the host are not seen from here: figures wander from hour to hour, pairs do not",
        ),
    }
}

fn cpus(allowed: u32) -> Finding {
    const SUBJECT: &str = "CPUs";
    if allowed > 1 {
        let meaning = "one for the benches and one for everything else";
        return of(SUBJECT, format!("{allowed} may be used"), Fitness::Fit, meaning);
    }
    advised(
        of(
            SUBJECT,
            "only 1 may be used",
            Fitness::Caution,
            "everything else runs on the benches' own CPU, this program too; nothing can be pinned, and benches \
             with several threads say nothing about how they scale",
        ),
        "use a machine with two or more CPUs where threads matter",
    )
}

fn pinning(pinning: Option<&Result<(), String>>) -> Finding {
    const SUBJECT: &str = "pinning";
    let meaning = "both sides of a pair run on one and the same CPU, as long as a bench uses one thread";
    match pinning {
        None => unknown(SUBJECT, "unpinned pairs err about two and a half times as much"),
        Some(Ok(())) => of(SUBJECT, "permitted", Fitness::Fit, meaning),
        Some(Err(reason)) => advised(
            of(
                SUBJECT,
                format!("not permitted: {reason}"),
                Fitness::Caution,
                "the two sides may run on different CPUs: pairs err about two and a half times as much",
            ),
            "permit sched_setaffinity in the container's seccomp profile",
        ),
    }
}

fn quota(quota: Option<Quota>, cpus: u32) -> Finding {
    const SUBJECT: &str = "CPU quota";
    match quota {
        None => unknown(SUBJECT, "a container's quota stops its processes when it is used up"),
        Some(Quota::Unlimited) => of(SUBJECT, "none", Fitness::Fit, "no container's limit stops the benches"),
        Some(Quota::Cpus(limit)) if limit >= f64::from(cpus) => {
            of(SUBJECT, format!("{limit:.1} CPUs"), Fitness::Fit, "all CPUs may be used")
        }
        Some(Quota::Cpus(limit)) => advised(
            of(
                SUBJECT,
                format!("{limit:.1} CPUs of {cpus}"),
                if limit < 1.0 { Fitness::Unfit } else { Fitness::Caution },
                "when it is used up every process is stopped for tens of milliseconds, in the middle of a sample",
            ),
            "raise or remove the container's CPU limit; give it whole CPUs (cpuset) instead",
        ),
    }
}

fn power(on_battery: Option<bool>) -> Finding {
    const SUBJECT: &str = "power";
    match on_battery {
        None => unknown(SUBJECT, "on battery, systems slow down to save it"),
        Some(false) => of(SUBJECT, "not on battery", Fitness::Fit, "nothing is saved at the benches' cost"),
        Some(true) => advised(
            of(
                SUBJECT,
                "on battery",
                Fitness::Caution,
                "systems slow down to save it, and change their mind",
            ),
            "plug it in",
        ),
    }
}

fn memory(memory: Option<Memory>) -> Finding {
    const SUBJECT: &str = "memory";
    let Some(Memory { available, swapped, pressure }) = memory else {
        return unknown(SUBJECT, "a bench that waits for memory measures the disk");
    };
    let waits = pressure.unwrap_or(0.0);
    let found = format!(
        "{} available, {} MiB in swap, {} of the time waited for",
        percent(available),
        swapped / (1024 * 1024),
        pressure.map_or_else(|| "unknown share".to_owned(), percent),
    );
    let swapping = swapped > 0 && available < 2.0 * SCARCE;
    if waits >= PRESSED || available < SCARCE && swapped > 0 {
        advised(
            of(SUBJECT, found, Fitness::Unfit, "benches wait for memory: the disk is measured, too"),
            "end what uses much memory",
        )
    } else if available < SCARCE || swapping || waits >= PRESSED / 5.0 {
        advised(of(SUBJECT, found, Fitness::Caution, "there is little left"), "end what uses much memory")
    } else {
        of(SUBJECT, found, Fitness::Fit, "nothing waits for memory")
    }
}

fn addresses(random: Option<bool>) -> Finding {
    const SUBJECT: &str = "address layout";
    match random {
        None => unknown(SUBJECT, "each launch's layout has a luck of its own; many launches average it"),
        Some(true) => of(
            SUBJECT,
            "random (ASLR)",
            Fitness::Fit,
            "each launch draws another layout, so many launches average its luck",
        ),
        Some(false) => advised(
            of(
                SUBJECT,
                "fixed (no ASLR)",
                Fitness::Caution,
                "every launch has the same layout: its luck looks like a change of the code",
            ),
            "sudo sysctl kernel.randomize_va_space=2, or start without `setarch -R`",
        ),
    }
}

fn valgrind(version: Option<&str>) -> Finding {
    const SUBJECT: &str = "valgrind";
    match version {
        Some(version) => of(SUBJECT, version, Fitness::Fit, "instructions can be counted exactly"),
        None => advised(
            of(
                SUBJECT,
                "not found",
                Fitness::Caution,
                "instructions cannot be counted, the one figure that no noise reaches; time needs none of it",
            ),
            "install valgrind (apt-get install valgrind), where your processor has one",
        ),
    }
}

fn counters(offered: Option<bool>) -> Finding {
    const SUBJECT: &str = "hardware counters";
    match offered {
        None => unknown(SUBJECT, "no figure here depends on them"),
        Some(true) => {
            of(SUBJECT, "offered", Fitness::Fit, "no figure here depends on them; `perf` can use them")
        }
        Some(false) => of(
            SUBJECT,
            "not offered",
            Fitness::Fit,
            "usual in virtual machines; no figure here depends on them, but `perf stat` cannot count cycles",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{CpuIdentity, MachineKey};

    fn facts() -> MachineFacts {
        let cpu = CpuIdentity {
            vendor: "v".into(),
            model: "m".into(),
            family: "1".into(),
            number: "1".into(),
            stepping: "1".into(),
            features: BTreeSet::new(),
        };
        MachineFacts {
            key: MachineKey::new("k"),
            arch: "x86_64".into(),
            os: "linux".into(),
            cpu,
            caches: Vec::new(),
            logical_cpus: 2,
            hypervisor: None,
        }
    }

    fn quiet() -> Condition {
        Condition {
            load: Some(Load { cpus: 0.02, heaviest: Vec::new() }),
            stolen: Some(0.0),
            governors: Some(vec!["performance".into()]),
            turbo: Some(false),
            allowed: Some(2),
            pinning: Some(Ok(())),
            on_battery: Some(false),
            memory: Some(Memory { available: 0.6, swapped: 0, pressure: Some(0.0) }),
            random_addresses: Some(true),
            valgrind: Some("3.24.0".into()),
            counters: Some(true),
            quota: Some(Quota::Unlimited),
        }
    }

    fn judged(condition: &Condition, subject: &str) -> Finding {
        let all = machine(condition, &facts());
        all.into_iter().find(|finding| finding.subject == subject).unwrap()
    }

    #[test]
    fn a_quiet_machine_is_fit_and_a_silent_one_unknown() {
        let all = machine(&quiet(), &facts());
        assert!(all.iter().all(|finding| finding.fitness == Fitness::Fit), "{all:?}");
        for finding in machine(&Condition::default(), &facts()) {
            let told = ["virtualisation", "CPUs", "valgrind"].contains(&finding.subject);
            assert_eq!(finding.fitness == Fitness::Unknown, !told, "{finding:?}");
        }
    }

    #[test]
    fn what_is_not_fit_says_what_it_means_and_what_to_do() {
        use Fitness::{Caution, Unfit};
        let busy = |cpus| Load { cpus, heaviest: vec![("rustc".into(), cpus)] };
        let memory = |available, swapped, pressure| Memory { available, swapped, pressure };
        for (condition, subject, fitness) in [
            (Condition { load: Some(busy(0.4)), ..quiet() }, "load", Caution),
            (Condition { load: Some(busy(1.6)), ..quiet() }, "load", Unfit),
            (Condition { stolen: Some(0.03), ..quiet() }, "stolen time", Caution),
            (Condition { stolen: Some(0.3), ..quiet() }, "stolen time", Unfit),
            (Condition { governors: Some(vec!["powersave".into()]), ..quiet() }, "frequency", Caution),
            (Condition { turbo: Some(true), ..quiet() }, "turbo", Caution),
            (Condition { allowed: Some(1), ..quiet() }, "CPUs", Caution),
            (Condition { pinning: Some(Err("seccomp".into())), ..quiet() }, "pinning", Caution),
            (Condition { quota: Some(Quota::Cpus(1.5)), ..quiet() }, "CPU quota", Caution),
            (Condition { quota: Some(Quota::Cpus(0.5)), ..quiet() }, "CPU quota", Unfit),
            (Condition { on_battery: Some(true), ..quiet() }, "power", Caution),
            (Condition { memory: Some(memory(0.5, 0, Some(0.2))), ..quiet() }, "memory", Unfit),
            (Condition { memory: Some(memory(0.02, 1 << 30, None)), ..quiet() }, "memory", Unfit),
            (Condition { memory: Some(memory(0.08, 1 << 30, None)), ..quiet() }, "memory", Caution),
            (Condition { random_addresses: Some(false), ..quiet() }, "address layout", Caution),
            (Condition { valgrind: None, ..quiet() }, "valgrind", Caution),
        ] {
            let found = judged(&condition, subject);
            assert_eq!(found.fitness, fitness, "{found:?}");
            assert!(found.advice.is_some() && !found.meaning.is_empty(), "{found:?}");
        }
        let load = judged(&Condition { load: Some(busy(1.6)), ..quiet() }, "load");
        assert!(load.found.contains("rustc 1.60") && load.found.contains("of 2 CPUs"), "{load:?}");
    }

    #[test]
    fn a_quota_of_every_cpu_stops_nobody() {
        assert_eq!(
            judged(&Condition { quota: Some(Quota::Cpus(2.0)), ..quiet() }, "CPU quota").fitness,
            Fitness::Fit
        );
    }
}
