//! What is drawn, kept and told, where nothing can be linked.

use super::*;
use crate::domain::fixtures::bench;

fn laid(layouts: &mut Layouts, digests: [&str; 2], ids: [&str; 2]) -> Laid {
    let (baseline, candidate) = (bench(digests[0]), bench(digests[1]));
    let benches = Sides { baseline: &baseline, candidate: &candidate };
    layouts.for_pair(benches, Sides { baseline: ids[0], candidate: ids[1] }, Phase::Measurement, 0)
}

#[test]
fn what_cannot_be_drawn_is_measured_as_it_was_built_and_told() {
    let area = tempfile::tempdir().unwrap();
    let mut layouts = Layouts::new(Layout::Drawn, area.path(), 1);
    let found = laid(&mut layouts, ["1", "2"], ["a", "a"]);
    assert_eq!(found.layout, None);
    assert_eq!(found.benches.baseline, bench("1"));
    let notes = layouts.notes();
    let kept = |note: &Note| matches!(note, Note::NotDrawn { reason: LayoutFallback::NotKept(_), .. });
    assert!(notes.len() == 1 && kept(&notes[0]), "{notes:?}");
    assert!(layouts.for_counts(Sides { baseline: &bench("1"), candidate: &bench("2") }).is_none());
    assert_eq!(layouts.uses().len(), 1, "it is tried once");
}

#[test]
fn where_nothing_can_be_written_it_is_told() {
    let area = tempfile::NamedTempFile::new().unwrap();
    let mut layouts = Layouts::new(Layout::Drawn, area.path(), 1);
    assert_eq!(laid(&mut layouts, ["1", "2"], ["a", "a"]).layout, None);
    let notes = layouts.notes();
    let unwritten = |note: &Note| matches!(note, Note::NotDrawn { reason: LayoutFallback::Files(_), .. });
    assert!(notes.len() == 1 && unwritten(&notes[0]), "{notes:?}");
}

#[test]
fn equal_executables_and_other_layouts_need_none() {
    let area = tempfile::tempdir().unwrap();
    let mut layouts = Layouts::new(Layout::Drawn, area.path(), 1);
    laid(&mut layouts, ["1", "1"], ["a", "a"]);
    assert!(layouts.uses().is_empty());
    laid(&mut layouts, ["1", "1"], ["a", "b"]);
    assert_eq!(layouts.uses().len(), 1, "two benchmarks of one build");
    for layout in [Layout::Aligned, Layout::Default] {
        let mut layouts = Layouts::new(layout, area.path(), 1);
        laid(&mut layouts, ["1", "2"], ["a", "a"]);
        assert!(layouts.uses().is_empty());
    }
}

#[test]
fn what_is_in_use_or_needed_again_is_not_forgotten() {
    assert!(may_go(3, 7, 8) && may_go(FRESH, 1, 8));
    assert!(!may_go(3, 8, 8), "in use");
    assert!(!may_go(3, 0, 8), "made ahead");
    assert!(!may_go(COUNTED, 7, 8), "counted in once more");
}

#[cfg(unix)]
#[test]
fn the_folder_is_private_and_gone_at_the_end() {
    use std::os::unix::fs::PermissionsExt as _;
    let area = tempfile::tempdir().unwrap();
    let layouts = Layouts::new(Layout::Drawn, area.path(), 1);
    let folder = layouts.folder.as_ref().unwrap().as_ref().unwrap().path().to_owned();
    for path in [folder.as_path(), folder.parent().unwrap()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    }
    drop(layouts);
    assert!(!folder.exists());
    fs::create_dir_all(area.path().join("layouts/run-of-the-killed/0")).unwrap();
    sweep(area.path());
    assert!(!area.path().join("layouts").exists());
}
