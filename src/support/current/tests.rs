//! Homes moved, linked and left behind.

use super::*;
use crate::domain::{CommitId, Revision, TreeId};

struct Area {
    _folder: tempfile::TempDir,
    path: PathBuf,
    site: BuildSite,
}

impl Area {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a workspace ü/target/perfguard");
        fs::create_dir_all(&path).unwrap();
        let site = BuildSite::new(&path);
        Self { _folder: folder, path, site }
    }

    fn tree(&self, digit: char) -> SourceTree {
        let hex = digit.to_string().repeat(40);
        let home = self.path.join("trees").join(&hex);
        fs::create_dir_all(home.join("src/the crate")).unwrap();
        fs::write(home.join("src/the crate/who"), digit.to_string()).unwrap();
        let revision = Revision {
            label: "HEAD".into(),
            commit: CommitId::from_hex(&hex).unwrap(),
            dirty: false,
            tree: TreeId::from_hex(&hex).unwrap(),
        };
        let content = revision.tree.clone();
        SourceTree { revision, content, home, prefix: "the crate".into() }
    }
}

#[test]
fn two_sides_are_built_at_one_path_and_go_home() {
    let area = Area::new();
    let trees = [area.tree('a'), area.tree('b')];
    let mut places = Vec::new();
    for (tree, who) in trees.iter().zip(["a", "b"]) {
        let occupied = area.site.occupy(tree).unwrap();
        assert!(!tree.home.exists());
        assert_eq!(fs::read_to_string(occupied.workspace().join("who")).unwrap(), who);
        fs::create_dir_all(occupied.target()).unwrap();
        fs::write(occupied.target().join("built"), who).unwrap();
        assert_eq!(occupied.at_home(&occupied.target().join("x")), tree.target().join("x"));
        assert_eq!(occupied.at_home(Path::new("/usr/bin/x")), Path::new("/usr/bin/x"));
        places.push((occupied.workspace(), occupied.target()));
        if who == "a" {
            drop(occupied);
        } else {
            occupied.release().unwrap();
        }
        assert_eq!(fs::read_to_string(tree.target().join("built")).unwrap(), who);
    }
    assert_eq!(places[0], places[1]);
    assert!(!area.site.build().exists());
}

#[cfg(unix)]
#[test]
fn the_build_folder_leads_to_the_side_that_runs() {
    let area = Area::new();
    let (a, b) = (area.tree('a'), area.tree('b'));
    let who = || fs::read_to_string(area.site.build().join("src/the crate/who")).unwrap();
    area.site.point_at(&a.home).unwrap();
    assert_eq!(who(), "a");
    area.site.point_at(&a.home).unwrap();
    area.site.point_at(&b.home).unwrap();
    assert_eq!(who(), "b");
    let occupied = area.site.occupy(&a).unwrap();
    assert_eq!(who(), "a");
    drop(occupied);
    area.site.point_at(&b.home).unwrap();
    assert_eq!(who(), "b");
    assert!(!area.site.recover().unwrap(), "a link is no stranded home");
    // Turn after turn, also with a third, with one that was removed, and with something else where the other link is.
    let c = area.tree('c');
    for home in [&a.home, &b.home, &a.home, &c.home, &a.home] {
        area.site.point_at(home).unwrap();
        assert_eq!(fs::read_link(area.site.build()).unwrap(), home.strip_prefix(&area.path).unwrap());
    }
    fs::remove_dir_all(&c.home).unwrap();
    assert!(matches!(area.site.point_at(&c.home), Err(CurrentError::NoHome(_))));
    fs::remove_file(area.path.join(OTHER)).unwrap();
    fs::write(area.path.join(OTHER), "something else").unwrap();
    area.site.point_at(&b.home).unwrap();
    assert_eq!(who(), "b");
    let left: Vec<_> = fs::read_dir(&area.path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3 + TAGS.len(), "only the trees, two links and the tags: {left:?}");
}

#[test]
fn a_home_stranded_by_a_kill_is_put_back() {
    let area = Area::new();
    let (a, b) = (area.tree('a'), area.tree('b'));
    std::mem::forget(area.site.occupy(&a).unwrap());
    assert!(!a.home.exists());
    // The next run of the other side finds the place taken.
    let occupied = area.site.occupy(&b).unwrap();
    assert_eq!(fs::read_to_string(a.workspace().join("who")).unwrap(), "a");
    std::mem::forget(occupied);
    assert!(area.site.recover().unwrap());
    assert_eq!(fs::read_to_string(b.workspace().join("who")).unwrap(), "b");
    assert!(!area.site.recover().unwrap());
}

#[test]
fn a_stranded_home_gives_way_to_one_extracted_anew() {
    let area = Area::new();
    let a = area.tree('a');
    std::mem::forget(area.site.occupy(&a).unwrap());
    area.tree('a');
    assert!(area.site.recover().unwrap());
    assert!(a.home.exists());
    assert!(!area.site.build().exists());
}

#[test]
fn a_folder_that_leads_elsewhere_or_is_not_ours_is_neither_moved_nor_removed() {
    let area = Area::new();
    let outside = area.path.parent().unwrap().join("elsewhere");
    let absolute = outside.to_str().unwrap();
    let id = "a".repeat(40);
    let inner = format!("trees/{id}/src");
    for marker in
        [Some("../elsewhere"), Some(absolute), Some(""), Some("build"), Some("trees/x"), Some(&*inner), None]
    {
        let thesis = area.site.build().join("src/thesis.txt");
        fs::create_dir_all(thesis.parent().unwrap()).unwrap();
        fs::write(&thesis, "years of work").unwrap();
        if let Some(text) = marker {
            fs::write(area.site.build().join(MARKER), text).unwrap();
        }
        let refused = area.site.recover().unwrap_err();
        assert!(matches!(refused, CurrentError::Foreign(_)), "{marker:?}: {refused}");
        assert!(thesis.exists() && !outside.exists(), "{marker:?}");
        fs::remove_dir_all(area.site.build()).unwrap();
    }
    // A link in the place of the marker says nothing.
    fs::create_dir_all(area.site.build().join("src")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/zero", area.site.build().join(MARKER)).unwrap();
    assert!(matches!(area.site.recover(), Err(CurrentError::Foreign(_))));
}

#[test]
fn a_half_deleted_home_of_ours_is_removed() {
    let area = Area::new();
    fs::create_dir_all(area.site.build().join("target")).unwrap();
    fs::write(area.site.build().join(MARKER), format!("trees/{}", "a".repeat(40))).unwrap();
    assert!(area.site.recover().unwrap());
    assert!(!area.site.build().exists());
}

#[test]
fn a_tree_without_files_is_named() {
    let area = Area::new();
    let a = area.tree('a');
    fs::remove_dir_all(&a.home).unwrap();
    assert!(matches!(area.site.occupy(&a).unwrap_err(), CurrentError::NoHome(home) if home == a.home));
    #[cfg(unix)]
    assert!(matches!(area.site.point_at(&a.home).unwrap_err(), CurrentError::NoHome(_)));
}
