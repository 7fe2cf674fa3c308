//! Every published Criterion from 0.3.0 on. Builds each, so it only runs when asked for.

use std::fmt::Write;
use std::time::Instant;

use perfguard::measure::failure::FailureKind;
use perfguard::measure::runner::Runner;

use super::zoo;

const PUBLISHED: [&str; 15] = [
    "0.3.0", "0.3.1", "0.3.2", "0.3.3", "0.3.4", "0.3.5", "0.3.6", "0.4.0", "0.5.0", "0.5.1", "0.6.0",
    "0.7.0", "0.8.0", "0.8.1", "0.8.2",
];

/// The names as a version knows them: the oldest ones cut titles to 100 bytes.
fn expected_names(connects: bool) -> Vec<String> {
    let mut names = zoo::expected_names();
    if !connects {
        let mut seen = 0;
        for name in names.iter_mut().filter(|name| name.len() > 100) {
            seen += 1;
            let number = if seen == 1 { String::new() } else { format!(" #{seen}") };
            *name = format!("{}...{number}", &name[..100]);
        }
    }
    names
}

#[test]
#[ignore = "builds fifteen versions of Criterion"]
fn every_published_version_lists_and_measures() {
    let mut table = String::from("version connects fractions pattern list_ms beyond_samples_ms\n");
    for published in PUBLISHED {
        let built = zoo::build_with(published);
        let bench = |target| zoo::bench(&built, target, published);
        let mut runner = zoo::runner();
        let version = runner.version(&bench("names")).unwrap();
        assert_eq!(version.to_string(), published);
        assert_eq!(
            zoo::names(&mut runner, &bench("names")),
            expected_names(version.connects()),
            "{published}"
        );
        let started = Instant::now();
        zoo::runner().list(&bench("names")).unwrap();
        let listing = started.elapsed().as_secs_f64() * 1e3;
        let mut beyond = Vec::new();
        // One that needs escaping, one of several alike, one that is long.
        let names = expected_names(version.connects());
        for name in [&names[6], &names[8], &names[10]] {
            let launch = runner.launch(&bench("names"), name, &zoo::quick());
            let launch = launch.unwrap_or_else(|failure| panic!("{published}, {name}: {failure:?}"));
            assert_eq!(launch.samples.len(), 12);
            let warm_up = if version.takes_fractions() { zoo::quick().warm_up.as_secs_f64() } else { 1.0 };
            let sampling: f64 = launch.samples.samples().iter().map(|sample| sample.total() / 1e9).sum();
            beyond.push((launch.seconds - warm_up - sampling) * 1e3);
        }
        let failure = zoo::measure(&mut runner, &bench("custom"), "counted").unwrap_err();
        assert!(
            matches!(&failure.kind, FailureKind::ForeignUnit(unit) if unit == "apples"),
            "{published}: {failure:?}"
        );
        let failure = zoo::measure(&mut runner, &bench("trouble"), "panics").unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Panicked(_)), "{published}: {failure:?}");
        let (connects, fractions) = (version.connects(), version.takes_fractions());
        let pattern = version.filters_by_pattern();
        writeln!(table, "{published} {connects} {fractions} {pattern} {listing:.1} {beyond:.0?}").unwrap();
    }
    println!("{table}");
}
