//! What a profile, flags, a toolchain and a measuring library mean for what is measured.

use super::{advised, finding};
use crate::domain::{BuildFacts, Finding, Fitness, Instrument, Topic};

/// Judges how benches are built.
pub fn build(facts: &BuildFacts) -> Vec<Finding> {
    let setting = |name: &str| {
        let mut settings = facts.settings.split(' ').filter_map(|part| part.split_once('='));
        settings.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let mut found = vec![
        of("toolchain", format!("rustc {}", facts.rustc), Fitness::Fit, "both sides are built with this one"),
        of(
            "profile",
            facts.profile.clone(),
            Fitness::Fit,
            "what `cargo bench` uses unless --profile says otherwise",
        ),
    ];
    found.extend(setting("opt-level").map(opt_level));
    found.extend(setting("debug-assertions").map(debug_assertions));
    found.extend(setting("overflow-checks").map(overflow_checks));
    found.extend(setting("lto").map(lto));
    found.extend(setting("codegen-units").map(units));
    found.extend(setting("strip").map(strip));
    found.push(incremental());
    found.push(target_cpu(&facts.rustflags));
    for library in &facts.instruments {
        found.push(instrument(library, &facts.sequential));
    }
    if facts.emulated {
        found.push(advised(
            of(
                "execution",
                "by an emulator",
                Fitness::Unfit,
                "times are the emulator's and are never judged",
            ),
            "measure on a machine of that architecture; counts can be taken here",
        ));
    }
    found
}

fn of(subject: &'static str, found: impl Into<String>, fitness: Fitness, meaning: &str) -> Finding {
    finding(Topic::Build, subject, found, fitness, meaning)
}

fn opt_level(level: &str) -> Finding {
    const SUBJECT: &str = "opt-level";
    match level {
        "2" | "3" => of(SUBJECT, level, Fitness::Fit, "optimized for speed"),
        "s" | "z" => advised(
            of(SUBJECT, level, Fitness::Caution, "optimized for size: fit only if that is what you ship"),
            "set opt-level = 3 in [profile.bench], unless releases are built like this, too",
        ),
        _ => advised(
            of(SUBJECT, level, Fitness::Unfit, "code that nobody ships is measured"),
            "remove opt-level from [profile.bench] and [profile.release], or name another --profile",
        ),
    }
}

fn debug_assertions(on: &str) -> Finding {
    const SUBJECT: &str = "debug-assertions";
    if on == "true" {
        return advised(
            of(SUBJECT, "on", Fitness::Unfit, "checks that releases leave out are measured"),
            "set debug-assertions = false in the profile",
        );
    }
    of(SUBJECT, "off", Fitness::Fit, "as in releases")
}

fn overflow_checks(on: &str) -> Finding {
    const SUBJECT: &str = "overflow-checks";
    if on == "true" {
        return advised(
            of(SUBJECT, "on", Fitness::Caution, "every sum is checked: fit only if releases check, too"),
            "set overflow-checks the same in [profile.release] and [profile.bench]",
        );
    }
    of(SUBJECT, "off", Fitness::Fit, "the default of releases")
}

fn lto(kind: &str) -> Finding {
    let meaning = match kind {
        "fat" | "thin" => "crates are optimized together; fit if releases are, too",
        _ => "crates are optimized by themselves, the default",
    };
    of("lto", kind, Fitness::Fit, meaning)
}

fn units(count: &str) -> Finding {
    let meaning = if count == "1" {
        "a crate is one unit: an edit moves the least of what surrounds it"
    } else {
        "an edit in one place can move code between units and change the speed of another place"
    };
    of("codegen-units", count, Fitness::Fit, meaning)
}

fn strip(what: &str) -> Finding {
    of("strip", what, Fitness::Fit, "changes no code")
}

/// No fact: benches are never built otherwise.
fn incremental() -> Finding {
    of("incremental", "off", Fitness::Fit, "always, whatever the profile and the environment say")
}

fn target_cpu(flags: &str) -> Finding {
    const SUBJECT: &str = "RUSTFLAGS";
    let shown = if flags.is_empty() { "none" } else { flags };
    if flags.contains("target-cpu=native") {
        return advised(
            of(
                SUBJECT,
                shown,
                Fitness::Caution,
                "target-cpu=native makes other code on every CPU model: figures of two machines are not of one program",
            ),
            "name a CPU that all your machines are (target-cpu=x86-64-v3)",
        );
    }
    of(SUBJECT, shown, Fitness::Fit, "part of what results are keyed by")
}

fn instrument(library: &Instrument, sequential: &[(Instrument, String)]) -> Finding {
    const SUBJECT: &str = "measuring library";
    let plain = Instrument { interleaved: false, ..library.clone() };
    if library.interleaved {
        let meaning = "both processes are alive, and their samples alternate";
        return of(SUBJECT, format!("{plain}, interleaved"), Fitness::Fit, meaning);
    }
    let why = sequential.iter().find(|(known, _)| *known == plain);
    let why = why.map_or_else(String::new, |(_, why)| format!(": {why}"));
    advised(
        of(
            SUBJECT,
            format!("{plain}, sequential{why}"),
            Fitness::Caution,
            "one process follows the other: noise of seconds does not cancel, and it takes more pairs",
        ),
        &format!("use a release of {} from crates.io, 0.3 to 0.8, and no runner", plain.library),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> BuildFacts {
        BuildFacts {
            rustc: "1.95.0".into(),
            profile: "bench".into(),
            settings:
                "opt-level=3 lto=false codegen-units=16 debug=0 debug-assertions=false overflow-checks=false \
                       strip=none"
                    .into(),
            rustflags: String::new(),
            instruments: vec!["criterion 0.8.2 (interleaved)".parse().unwrap()],
            sequential: Vec::new(),
            emulated: false,
        }
    }

    #[test]
    fn the_defaults_of_cargo_are_fit() {
        let found = build(&shipped());
        assert!(found.iter().all(|finding| finding.fitness == Fitness::Fit), "{found:?}");
        assert_eq!(found.len(), 11);
    }

    #[test]
    fn code_that_nobody_ships_is_told() {
        use Fitness::{Caution, Unfit};
        let with =
            |from: &str, to: &str| BuildFacts { settings: shipped().settings.replace(from, to), ..shipped() };
        for (facts, subject, fitness) in [
            (with("opt-level=3", "opt-level=0"), "opt-level", Unfit),
            (with("opt-level=3", "opt-level=z"), "opt-level", Caution),
            (with("debug-assertions=false", "debug-assertions=true"), "debug-assertions", Unfit),
            (with("overflow-checks=false", "overflow-checks=true"), "overflow-checks", Caution),
            (BuildFacts { rustflags: "-Ctarget-cpu=native".into(), ..shipped() }, "RUSTFLAGS", Caution),
            (BuildFacts { emulated: true, ..shipped() }, "execution", Unfit),
        ] {
            let found = build(&facts);
            let found = found.iter().find(|finding| finding.subject == subject).unwrap();
            assert_eq!(found.fitness, fitness, "{found:?}");
            assert!(found.advice.is_some());
        }
    }

    #[test]
    fn a_library_that_is_not_interleaved_says_why() {
        let library: Instrument = "criterion 0.2.11".parse().unwrap();
        let facts = BuildFacts {
            instruments: vec![library.clone()],
            sequential: vec![(library, "it is too old".into())],
            ..shipped()
        };
        let found = build(&facts);
        let found = found.iter().find(|finding| finding.subject == "measuring library").unwrap();
        assert_eq!(found.fitness, Fitness::Caution);
        assert!(found.found.contains("too old"), "{found:?}");
    }
}
