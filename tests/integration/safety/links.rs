//! Links that lead out of the repository.

use super::{Stranger, WITH_AREA, WITH_STORE};

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
