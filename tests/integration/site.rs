//! Trend pages: as files, and in a real browser from `file://`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::Value;

use crate::browser::{CONTRAST, browser, measured};
use crate::contract::ran;
use crate::contract::sync::{Made, store};
use crate::sandbox::Sandbox;

/// A project of a few commits with a slowdown in the middle, which the commit that brings it accepts.
fn project() -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    let path = sandbox.path(".perfguard/store.db");
    sandbox.write(".gitignore", ".perfguard\npublic\n");
    for number in 0..16_u32 {
        if number == 8 {
            let accepted = "benchmark = \"app::bench::group/0\"\nup-to = { wall-time = \"60%\" }\nreason = \"checks of <bounds>\"\n";
            sandbox.write("baselines/accepted/bounds.toml", accepted);
        }
        sandbox.write("notes.txt", &number.to_string());
        sandbox.git(&["add", "--all"]);
        let (message, day) =
            (format!("change <b>{number}</b>"), format!("2026-01-{:02}T12:00:00Z", number + 1));
        sandbox.git(&["commit", "--quiet", "--message", &message, "--date", &day]);
        let commit = sandbox.git(&["rev-parse", "HEAD"]);
        let value = if number < 8 { 100.0 } else { 150.0 } + f64::from(number % 3);
        let started_ms = 1_700_000_000_000 + i64::from(number) * 86_400_000;
        store(&path, &Made { commit: &commit, started_ms, benchmarks: 2, value, ..Made::default() });
    }
    sandbox
}

fn site(sandbox: &Sandbox, more: &[&str]) -> crate::contract::Ran {
    ran(sandbox, &[&["site", "--output", "public"], more].concat())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for below in ["", "b", "data"] {
        for entry in
            fs::read_dir(folder.join(below)).unwrap().flatten().filter(|entry| entry.path().is_file())
        {
            let name = format!("{below}/{}", entry.file_name().to_string_lossy());
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn the_same_store_gives_the_same_pages_and_what_happened_is_marked() {
    let sandbox = project();
    let written = site(&sandbox, &["--repository", "https://example.org/me/project/"]);
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, "wrote 2 pages and public/index.html\n"),
        "{}",
        written.stderr
    );
    let first = files(&sandbox.path("public"));
    assert_eq!(first.len(), 6, "{:?}", first.keys());
    fs::write(sandbox.path("public/b/gone.html"), "of a benchmark that is gone").unwrap();
    site(&sandbox, &["--repository", "https://example.org/me/project"]);
    assert_eq!(first, files(&sandbox.path("public")));
    let index = String::from_utf8(first["/index.html"].clone()).unwrap();
    assert!(index.contains("app::bench::group/0") && index.contains("+49.5 %"), "{index}");
    let pages = first.iter().filter(|(name, _)| name.starts_with("b/"));
    let pages: Vec<String> = pages.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    let marked = |page: &String| page.matches("accepted at ").count();
    let mut marks: Vec<usize> = pages.iter().map(marked).collect();
    marks.sort_unstable();
    assert_eq!(
        marks,
        [0, 2],
        "a label and a title for the benchmark that it is about, nothing for the other"
    );
    for page in &pages {
        assert!(page.contains("a new level begins at ") && page.contains("1 change point"), "{page}");
        assert!(page.contains("https://example.org/me/project/commit/"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("<bounds>"), "{page}");
    }
    // The picture and the table of one benchmark say the same.
    let history = |more: &[&str]| ran(&sandbox, &[&["history", "group/0"], more].concat());
    let page = history(&["--format", "html"]).stdout;
    assert!(page.contains("<title>accepted at ") && page.contains("; 1 slowdown accepted"), "{page}");
    assert!(
        page.contains("■ accepted: checks of &lt;bounds&gt;")
            && page == history(&["--format", "html"]).stdout
    );
    let table = history(&[]).stdout;
    assert!(table.contains("◆■") && table.contains(", marked ■: checks of <bounds>\n"), "{table}");
    assert!(!ran(&sandbox, &["history", "group/1"]).stdout.contains('■'));
    // Only this metric, which is not stored; no other folder than its own.
    let none = site(&sandbox, &["--metric", "instructions"]);
    assert_eq!(none.stdout, "wrote 0 pages and public/index.html\n", "{}", none.stderr);
    let refused = ran(&sandbox, &["site", "--output", "src"]);
    assert!(refused.code == 2 && refused.stderr.contains("is not empty"), "{}", refused.stderr);
    assert!(sandbox.path("src/lib.rs").exists());
    let refused = site(&sandbox, &["--repository", "javascript:alert(1)"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}

/// What the tests of accessibility look for: language, title, landmarks, headings in order, names of everything that can be
/// used or seen, labels, contrast, nothing wider than a phone. axe-core 4.14 found nothing serious on either page.
const LOOK: &str = r#"<!doctype html><iframe id="frame" src="PAGE" style="width:360px;height:900px;border:0"></iframe>
<pre id="told"></pre><script>
/*CONTRAST*/
document.getElementById("frame").addEventListener("load", async (event) => {
  const [page, view] = [event.target.contentDocument, event.target.contentWindow];
  const all = (what) => [...page.querySelectorAll(what)];
  const headings = all("h1,h2,h3").map((heading) => +heading.tagName[1]);
  const named = (element) => element.getAttribute("aria-label") || element.textContent.trim();
  const input = page.querySelector(".reader input");
  let read = "";
  if (input) {
    input.focus(); input.value = 9; input.dispatchEvent(new view.Event("input"));
    const output = page.querySelector(".reader output");
    for (let turn = 0; turn < 200 && !output.textContent; turn++) await new Promise((done) => setTimeout(done, 10));
    read = output.textContent;
  }
  document.getElementById("told").textContent = JSON.stringify({
    lang: page.documentElement.lang, title: page.title, mains: all("main").length,
    headings: headings.every((level, place) => place === 0 ? level === 1 : level <= headings[place - 1] + 1),
    unnamed: all("a,button").filter((element) => !named(element)).length,
    pictures: all("figure svg").filter((svg) => svg.querySelector("title").textContent && svg.querySelector("desc").textContent).length,
    hidden: all("td svg").every((svg) => svg.getAttribute("aria-hidden") === "true"),
    unlabelled: all("input").filter((element) => !element.labels.length).length,
    ids: new Set(all("[id]").map((element) => element.id)).size === all("[id]").length,
    contrast: all("td, td *, p, p :not(input), h1, h2, summary, figure text")
      .map((element) => [contrast(view, element), element.outerHTML.slice(0, 80)]).sort((one, other) => one[0] - other[0])[0],
    wide: page.documentElement.scrollWidth, links: all("figure a").length, read,
  });
});
</script>"#;

#[test]
fn pages_work_from_files_by_keyboard_and_read_aloud() {
    let Some(browser) = browser() else { return };
    let sandbox = project();
    let written = site(&sandbox, &["--repository", "https://example.org/me/project"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let page = fs::read_dir(sandbox.path("public/b")).unwrap().flatten().map(|entry| entry.file_name());
    let page = format!("public/b/{}", page.min().unwrap().to_string_lossy());
    for scheme in [None, Some("--force-dark-mode")] {
        let look = |page: &str| -> Value {
            fs::write(
                sandbox.path("frame.html"),
                LOOK.replace("PAGE", page).replace("/*CONTRAST*/", CONTRAST),
            )
            .unwrap();
            measured(browser, &sandbox, scheme)
        };
        let (index, page) = (look("public/index.html"), look(&page));
        for told in [&index, &page] {
            assert_eq!(
                (&told["lang"], &told["mains"], &told["headings"]),
                (&"en".into(), &1.into(), &true.into()),
                "{told}"
            );
            assert_eq!(
                (&told["unnamed"], &told["unlabelled"], &told["ids"]),
                (&0.into(), &0.into(), &true.into()),
                "{told}"
            );
            assert!(told["contrast"][0].as_f64().unwrap() >= 4.5, "{told}");
            assert!(told["wide"].as_u64().unwrap() <= 360, "{told}");
        }
        assert_eq!(index["hidden"], true, "{index}");
        assert_eq!(page["pictures"], 1, "{page}");
        assert!(page["links"].as_u64().unwrap() >= 1, "{page}");
        let read = page["read"].as_str().unwrap();
        assert!(
            read.contains(", 20") && read.ends_with(" ns"),
            "the figures come from the file beside it: {page}"
        );
    }
}

/// `cargo test --release --all-features --test integration -- --ignored site:: --nocapture`
#[test]
#[ignore = "a minute; its figures are in docs/history.md"]
fn a_thousand_benchmarks_and_five_thousand_commits() {
    let sandbox = Sandbox::new("gauge");
    let path = sandbox.path(".perfguard/store.db");
    store(&path, &Made { benchmarks: 1, ..Made::default() });
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
             INSERT INTO revision (commit_id, dirty, tree_id) SELECT printf('%040x', n), 0, printf('%040x', n) FROM n;
             WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n <= 1000)
             INSERT INTO benchmark (package, target, name) SELECT 'app', 'bench', printf('group/%d', n) FROM n;
             INSERT INTO series (benchmark, metric, machine, build, provenance)
             SELECT benchmark.id, metric, machine, build, provenance FROM benchmark, series WHERE benchmark.id > 1;
             DELETE FROM measurement;
             INSERT INTO measurement (revision, series, run, started_ms, value, launches)
             SELECT revision.id, series.id, 1, 1700000000000 + 3600000 * revision.id,
                 100 + series.id + (revision.id * 7919 + series.id * 104729) % 1000 / 500.0
                 + CASE WHEN revision.id > 2500 + series.id THEN 10 ELSE 0 END, 4
             FROM series, revision;",
        )
        .unwrap();
    drop(connection);
    let start = Instant::now();
    let written = site(&sandbox, &[]);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(written.code, 0, "{}", written.stderr);
    let bytes: usize = files(&sandbox.path("public")).values().map(Vec::len).sum();
    println!("{seconds:.1} s, {:.1} MB: {}", bytes as f64 / 1e6, written.stdout);
    let index = fs::read_to_string(sandbox.path("public/index.html")).unwrap();
    println!("index: {:.1} MB", index.len() as f64 / 1e6);
    assert!(index.matches('+').count() >= 1000, "every benchmark has its step");
}
