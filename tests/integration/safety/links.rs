//! Links that lead out of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::{NOTHING, Stranger, WITH_AREA, WITH_STORE};

#[test]
fn a_committed_link_in_the_place_of_a_folder_of_ours_is_refused() {
    for (at, to) in [("target/perfguard", "../../victim"), ("target", "../victim")] {
        let stranger = Stranger::new();
        stranger.link(to, at);
        stranger.commit();
        stranger.refuses(&WITH_AREA, &["git tracks target"]);
    }
    let stranger = Stranger::new();
    stranger.link("../victim", ".perfguard");
    stranger.commit();
    stranger.refuses(&WITH_STORE, &["git tracks .perfguard"]);
}

#[test]
fn a_link_that_git_does_not_know_is_not_followed_either() {
    let stranger = Stranger::new();
    stranger.link("../victim", ".perfguard");
    stranger.refuses(&WITH_STORE, &[".perfguard is a link", "nothing was read or written there"]);
}

#[test]
fn a_link_that_git_does_not_know_in_the_place_of_the_area_is_not_followed_either() {
    let stranger = Stranger::new();
    stranger.link("../../victim", "target/perfguard");
    stranger.refuses(&WITH_AREA, &["target/perfguard is a link", "--target-dir"]);
    for inner in ["trees", "artifacts", "layouts", "lock", "CACHEDIR.TAG"] {
        let stranger = Stranger::new();
        stranger.run(NOTHING);
        let area = stranger.sandbox.path("target/perfguard");
        let _ = fs::remove_file(area.join(inner));
        stranger.link("../../../victim/build", &format!("target/perfguard/{inner}"));
        stranger.refuses(&WITH_AREA[..1], &[&format!("{inner} is a link")]);
    }
}

#[test]
fn a_folder_that_somebody_else_made_is_not_cleared() {
    let stranger = Stranger::new();
    stranger.sandbox.write("target/perfguard/build/thesis.txt", "years of work");
    stranger.refuses(&WITH_AREA, &["this program did not make it"]);
    assert_eq!(stranger.sandbox.read("target/perfguard/build/thesis.txt"), "years of work");
    // By way of a configuration that a commit brings along.
    let stranger = Stranger::new();
    let theirs = stranger.sandbox.path("../victim/perfguard/build/thesis.txt");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "years of work").unwrap();
    let mut command = stranger.sandbox.perfguard_below(Path::new("../victim"), WITH_AREA[0]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(101));
    assert_eq!(fs::read_to_string(theirs).unwrap(), "years of work");
}

#[test]
fn a_build_folder_that_says_it_belongs_elsewhere_is_neither_moved_nor_removed() {
    let stranger = Stranger::new();
    stranger.run(NOTHING);
    let place = PathBuf::from(stranger.sandbox.read("target/perfguard/.perfguard-trees"));
    let victim = stranger.sandbox.path("../victim/new");
    for address in [victim.to_str().unwrap(), "../../elsewhere", "trees/../../elsewhere"] {
        let thesis = place.join("build/src/thesis.txt");
        fs::create_dir_all(thesis.parent().unwrap()).unwrap();
        fs::write(&thesis, "years of work").unwrap();
        fs::write(place.join("build/.perfguard-home"), address).unwrap();
        stranger.refuses(&WITH_AREA[..1], &["refusing to remove or move", "did not put it there"]);
        assert!(thesis.exists() && !victim.exists(), "{address}");
        fs::remove_dir_all(place.join("build")).unwrap();
    }
    fs::remove_dir_all(place).unwrap();
}

#[test]
fn nothing_is_written_through_the_links_of_a_repository() {
    let stranger = Stranger::new();
    stranger.link("../victim", ".github");
    stranger.link("../victim", "baselines");
    stranger.commit();
    stranger.refuses(&[&["init"]], &[".github: it is a link"]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.into_iter().find(|path| path.extension().is_some_and(|end| end == "toml")).unwrap();
    let arch = file.file_name().unwrap().to_str().unwrap().split('-').next().unwrap();
    let import = ["baseline", "import", "--arch", arch, file.to_str().unwrap()];
    stranger.refuses(&[&import], &["baselines: it is a link"]);
}
