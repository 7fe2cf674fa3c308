//! The HTML report in a real browser: what is written there is shown there, on a phone too.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::sandbox::Sandbox;
use crate::skip::{Need, skip};

/// What a browser may be called.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// How well a text is seen before the ground of its page: WCAG's contrast, which is to be 4.5 at least.
pub(crate) const CONTRAST: &str = r"function contrast(view, element) {
  const light = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [own, ground] = [
    light(view.getComputedStyle(element).color), light(view.getComputedStyle(view.document.body).backgroundColor),
  ];
  return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
}";

/// The browser of this machine; says so when there is none.
#[track_caller]
pub(crate) fn browser() -> Option<&'static str> {
    let runs =
        |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|ran| ran.status.success());
    let found = BROWSERS.into_iter().find(runs);
    if found.is_none() {
        skip(Need::Browser, "neither Chromium nor Chrome is installed");
    }
    found
}

/// The document of a page after its scripts have run.
fn dom(browser: &str, page: &Path, profile: &Path, scheme: Option<&str>) -> String {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--virtual-time-budget=3000", "--dump-dom"])
        .args(scheme)
        .arg(page)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_report_fits_a_phone_in_light_and_dark_and_its_bars_can_be_read_aloud() {
    let Some(browser) = browser() else { return };
    let sandbox = Sandbox::bare();
    // A report of one of everything, as the tests of formats keep it, for a program that reads reports.
    let kept = include_str!("../../src/report/snapshots/perfguard__report__tests__json_mixed.snap");
    let (_, document) = kept.split_at(kept.find("\n{").unwrap());
    let part = "\"partition\": {\"kind\": \"hash\", \"index\": 1, \"count\": 1}";
    let document = document.replace("\"partition\": null", part);
    sandbox.write("part.json", &document);
    let page = sandbox.path("page.html");
    let merged = ["merge", "part.json", "--format", "html", "--output", page.to_str().unwrap()];
    let code = sandbox.perfguard(&merged).output().unwrap().status.code();
    assert_eq!(code, Some(101), "one benchmark of the report failed");

    // A frame of a phone's width, and a script beside it that measures what lies inside.
    let script = r#"<!doctype html><iframe id="frame" src="page.html" style="width:360px;height:900px;border:0"></iframe>
<pre id="told"></pre><script>
/*CONTRAST*/
document.getElementById("frame").addEventListener("load", (event) => {
  const page = event.target.contentDocument;
  const bars = [...page.querySelectorAll(".plot svg")];
  const inside = bars.every((bar) => { const box = bar.getBoundingClientRect(); return box.width > 200 && box.right <= 360; });
  const named = bars.every((bar) => bar.querySelector("title").textContent && bar.querySelector("desc").textContent);
  const style = (element) => event.target.contentWindow.getComputedStyle(element);
  const ground = style(page.body).backgroundColor;
  const texts = page.querySelectorAll(".outcome, figcaption, .axis span, .plot li code, .plot li span, td");
  const lowest = Math.min(...[...texts].map((element) => contrast(event.target.contentWindow, element)));
  const order = [...page.querySelectorAll(".plot li")].map((line) => line.className).join(",");
  document.getElementById("told").textContent = JSON.stringify({
    bars: bars.length, inside, named, order, ground, contrast: lowest, wide: page.documentElement.scrollWidth,
    tables: page.querySelectorAll("table").length,
  });
});
</script>"#;
    fs::write(sandbox.path("frame.html"), script.replace("/*CONTRAST*/", CONTRAST)).unwrap();
    let mut grounds = Vec::new();
    for scheme in [None, Some("--force-dark-mode")] {
        let told = measured(browser, &sandbox, scheme);
        assert_eq!(
            (&told["bars"], &told["inside"], &told["named"]),
            (&7.into(), &true.into(), &true.into()),
            "{told}"
        );
        assert!(told["wide"].as_u64().unwrap() <= 360, "nothing is wider than the screen: {told}");
        assert!(
            told["order"].as_str().unwrap().starts_with("regressed,regressed,improved,improved"),
            "{told}"
        );
        assert_eq!(told["tables"], 3, "{told}");
        assert!(told["contrast"].as_f64().unwrap() >= 4.5, "{scheme:?}: {told}");
        grounds.push(told["ground"].clone());
    }
    assert_ne!(grounds[0], grounds[1], "dark is another ground than light");
}

/// What the script beside the frame tells.
pub(crate) fn measured(browser: &str, sandbox: &Sandbox, scheme: Option<&str>) -> serde_json::Value {
    let shown = dom(browser, &sandbox.path("frame.html"), &sandbox.path("profile"), scheme);
    let told = shown.split("<pre id=\"told\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let told = told.unwrap_or_else(|| panic!("{shown}"));
    serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {shown}"))
}
