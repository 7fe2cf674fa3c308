//! A user's own claims: held, lost, and nonsense.

use crate::sandbox::Sandbox;

pub(crate) const CLAIM: &str = "[[claim]]\nname = \"steady keeps up\"\nstatement = \"Steady is never slower than half of work\"\n\
                     faster = \"gauge/steady\"\nslower = \"gauge/work\"\nat-least = 0.5\n";

pub(crate) fn gauge(configuration: &str) -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    sandbox.write("perfguard.toml", configuration);
    sandbox.commit("claim");
    sandbox
}

/// Which texts mean a benchmark, and which claims are none, are tests of `claims::resolve` and of the configuration.
#[test]
fn claims_that_make_no_sense_are_usage_errors_that_say_so() {
    let sandbox = gauge("");
    for (faster, at_least, part) in [
        ("gauge/nothing", "1.1", "there is no benchmark `gauge/nothing`"),
        ("gauge/steady", "-1", "at-least is -1"),
    ] {
        let slower = "gauge/work";
        let claim =
            format!("name = \"n\"\nfaster = \"{faster}\"\nslower = \"{slower}\"\nat-least = {at_least}");
        sandbox.write("perfguard.toml", &format!("[[claim]]\n{claim}\n"));
        let failed = sandbox.perfguard(&["claims", "--no-builtin"]).assert().code(2);
        let stderr = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(stderr.contains(part) && stderr.contains("claim `n`"), "{stderr}");
    }
}

#[test]
fn exporting_twice_changes_no_byte_and_nonsense_is_named_by_its_line() {
    let sandbox = gauge(CLAIM);
    sandbox
        .perfguard(&["claims", "--no-builtin", "--bench", "work", "--budget", "4s", "-q"])
        .assert()
        .code(0);
    let export = || {
        sandbox.perfguard(&["baseline", "export"]).assert().code(0);
        let mut files: Vec<_> = std::fs::read_dir(sandbox.path("baselines")).unwrap().collect();
        let path = files.pop().unwrap().unwrap().path();
        assert!(files.is_empty());
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    let (path, first) = export();
    assert!(first.contains("\"steady keeps up\" = { verdict = \"confirmed\""), "{first}");
    assert_eq!(export().1, first);

    let elsewhere = sandbox.path("from-elsewhere.toml");
    std::fs::write(&elsewhere, &first).unwrap();
    std::fs::remove_file(&path).unwrap();
    sandbox.perfguard(&["baseline", "import", "from-elsewhere.toml"]).assert().code(0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
    let refused =
        sandbox.perfguard(&["baseline", "import", "from-elsewhere.toml", "--arch", "other"]).assert().code(2);
    assert!(String::from_utf8_lossy(&refused.get_output().stderr).contains("not other"));

    for (from, to, part) in [
        ("\"confirmed\"", "\"maybe\"", "unknown verdict `maybe`"),
        ("format = 1", "format = 99", "format 99"),
        ("[end]", "", "cut short"),
    ] {
        std::fs::write(&path, first.replace(from, to)).unwrap();
        let broken = sandbox.perfguard(&["baseline", "list"]).assert().code(101);
        let stderr = String::from_utf8_lossy(&broken.get_output().stderr).into_owned();
        assert!(stderr.contains(part) && stderr.contains("line "), "{stderr}");
    }
}
