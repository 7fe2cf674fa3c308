//! Repositories found, revisions named, baselines chosen.

use super::*;

#[test]
fn places_without_a_usable_repository_are_told_apart() {
    let nowhere = tempfile::tempdir().unwrap();
    let error = Repository::discover(nowhere.path()).unwrap_err();
    assert!(matches!(error, SourceError::NotARepository(_)), "{error}");
    assert!(error.hint().unwrap().contains("git init"));
    let empty = Sandbox::empty();
    let error = Repository::discover(&empty.root).unwrap_err();
    assert!(matches!(error, SourceError::Unborn(_)), "{error}");
    let bare = empty.beside("bare");
    git_in(&empty.root, &["init", "-q", "--bare", bare.to_str().unwrap()]);
    let error = Repository::discover(&bare).unwrap_err();
    assert!(matches!(error, SourceError::Bare(_)), "{error}");
}

#[test]
fn a_repository_is_found_from_within() {
    let sandbox = Sandbox::new();
    let repository = Repository::discover(&sandbox.root.join("src")).unwrap();
    assert_eq!(repository.root(), sandbox.root);
    assert_eq!(repository.prefix_of(&sandbox.root).unwrap(), Path::new(""));
    assert_eq!(repository.prefix_of(&sandbox.root.join("src")).unwrap(), Path::new("src"));
    let outside = repository.prefix_of(sandbox.root.parent().unwrap()).unwrap_err();
    assert!(matches!(outside, SourceError::Outside { .. }), "{outside}");
}

#[test]
fn names_of_all_kinds_lead_to_the_commit() {
    let sandbox = Sandbox::new();
    sandbox.git(&["tag", "light"]);
    sandbox.git(&["tag", "-a", "-m", "text", "heavy"]);
    sandbox.git(&["branch", "länge/ü"]);
    let repository = sandbox.open();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    for spec in
        ["HEAD", "main", "light", "heavy", "länge/ü", &commit, &commit[..9], "HEAD~0", "refs/heads/main"]
    {
        let revision = repository.resolve(spec).unwrap();
        assert_eq!(revision.commit.as_str(), commit, "{spec}");
        assert_eq!(revision.label, spec);
        assert_eq!(revision.tree.as_str(), sandbox.git(&["rev-parse", "HEAD^{tree}"]));
        assert!(!revision.dirty);
    }
    let before = sandbox.git(&["rev-parse", "HEAD~1"]);
    assert_eq!(repository.resolve("HEAD~1").unwrap().commit.as_str(), before);
    let info = repository.describe(&repository.resolve("HEAD").unwrap().commit).unwrap();
    assert_eq!(info.summary, "second ü");
    assert_eq!(info.authored_ms, 1_700_000_000_000);
}

#[test]
fn unknown_names_offer_near_ones() {
    let sandbox = Sandbox::new();
    sandbox.git(&["branch", "release-one"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/develop", "HEAD"]);
    let repository = sandbox.open();
    let hint = |spec: &str| repository.resolve(spec).unwrap_err().hint();
    assert_eq!(hint("relase-one").unwrap(), "did you mean `release-one`?");
    assert_eq!(hint("develop").unwrap(), "did you mean `origin/develop`?");
    assert!(hint("0123456789abcdef").unwrap().starts_with("name a commit"));
    assert!(matches!(repository.resolve("").unwrap_err(), SourceError::UnknownRevision { .. }));
    for (spec, kind) in [("HEAD^{tree}", "tree"), ("HEAD:src/lib.rs", "blob")] {
        let error = repository.resolve(spec).unwrap_err();
        assert_eq!(error.to_string(), format!("`{spec}` is not a revision: it names a {kind}"));
    }
}

#[test]
fn an_ambiguous_hash_names_its_meanings() {
    let sandbox = Sandbox::new();
    let repository = sandbox.open();
    let tree = repository.head().unwrap().tree().unwrap();
    let who = git2::Signature::new("Somebody", "some@body", &git2::Time::new(1_700_000_000, 0)).unwrap();
    // Fixed contents, so fixed hashes: two of these share the four digits that git wants at least.
    let commit = |number: u32| repository.inner.commit(None, &who, &who, &number.to_string(), &tree, &[]);
    let mut commits: Vec<String> = (0..700).map(|number| commit(number).unwrap().to_string()).collect();
    commits.sort();
    let twins = commits.windows(2).find(|pair| pair[0][..4] == pair[1][..4]).unwrap();
    let error = sandbox.open().resolve(&twins[0][..4]).unwrap_err();
    let SourceError::AmbiguousRevision { candidates, .. } = &error else { panic!("{error}") };
    assert!(candidates.iter().any(|short| twins[0].starts_with(short)), "{candidates:?}");
    assert!(candidates.iter().any(|short| twins[1].starts_with(short)), "{candidates:?}");
}

#[test]
fn on_the_default_branch_the_baseline_is_the_first_parent() {
    let sandbox = Sandbox::new();
    let baseline = sandbox.open().default_baseline().unwrap();
    assert_eq!(baseline.label, "HEAD~1");
    assert_eq!(baseline.commit.as_str(), sandbox.git(&["rev-parse", "HEAD~1"]));
    sandbox.git(&["checkout", "-q", "--detach"]);
    assert_eq!(sandbox.open().default_baseline().unwrap(), baseline);
    sandbox.git(&["branch", "-m", "main", "odd"]);
    assert_eq!(sandbox.open().default_baseline().unwrap(), baseline, "no default branch to be found");
    sandbox.git(&["checkout", "-q", "HEAD~1"]);
    sandbox.git(&["branch", "-m", "odd", "main"]);
    let error = sandbox.open().default_baseline().unwrap_err();
    assert!(matches!(error, SourceError::FirstCommit { .. }), "{error}");
    assert!(error.to_string().contains("no baseline to compare with"));
}

#[test]
fn a_default_branch_of_any_name_is_found_or_asked_for() {
    let sandbox = Sandbox::new();
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["branch", "-m", "main", "stem"]);
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    sandbox.commit("mine");
    sandbox.commit("mine again");
    let error = sandbox.open().default_baseline().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no baseline to compare with: it is not known which branch is the default one (stem, topic)"
    );
    assert!(error.hint().unwrap().contains("--baseline stem"), "{:?}", error.hint());
    // A remote that was only fetched has no HEAD of its own.
    sandbox.git(&["remote", "add", "origin", "/nowhere"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/stem", "stem"]);
    let baseline = sandbox.open().default_baseline().unwrap();
    assert_eq!((baseline.label.as_str(), baseline.commit.as_str()), ("merge-base with origin/stem", &*base));
    // Its one branch may be this very one.
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/stem"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/topic", "topic"]);
    let error = sandbox.open().default_baseline().unwrap_err();
    assert!(matches!(error, SourceError::NoDefaultBranch { .. }), "{error}");
    sandbox.git(&["branch", "-m", "stem", "trunk"]);
    let baseline = sandbox.open().default_baseline().unwrap();
    assert_eq!((baseline.label.as_str(), baseline.commit.as_str()), ("merge-base with trunk", &*base));
}

#[test]
fn the_parent_of_head_is_never_taken_where_a_branch_may_end_there() {
    let sandbox = Sandbox::new();
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["branch", "-m", "main", "stem"]);
    sandbox.git(&["checkout", "-q", "--detach"]);
    sandbox.commit("mine");
    sandbox.commit("mine again");
    let baseline = sandbox.open().default_baseline().unwrap();
    assert_eq!((baseline.label.as_str(), baseline.commit.as_str()), ("merge-base with stem", &*base));
    // A service that fetches one commit by its id, and no branch.
    sandbox.git(&["update-ref", "-d", "refs/heads/stem"]);
    assert_eq!(sandbox.open().default_baseline().unwrap().label, "HEAD~1", "nothing was ever fetched");
    sandbox.git(&["update-ref", "refs/pipelines/1", "HEAD"]);
    sandbox.git(&["remote", "add", "fork", "/nowhere"]);
    let error = sandbox.open().default_baseline().unwrap_err();
    assert!(matches!(error, SourceError::NoDefaultBranch { .. }), "{error}");
    assert!(error.hint().unwrap().contains("--baseline HEAD~1"), "{:?}", error.hint());
    // Two remotes, of which neither has the usual name.
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    sandbox.git(&["remote", "add", "theirs", "/nowhere"]);
    for remote in ["fork", "theirs"] {
        sandbox.git(&["update-ref", &format!("refs/remotes/{remote}/stem"), &base]);
    }
    let error = sandbox.open().default_baseline().unwrap_err();
    assert!(error.to_string().contains("(fork/stem, theirs/stem, topic)"), "{error}");
    sandbox.git(&["remote", "rename", "theirs", "upstream"]);
    let baseline = sandbox.open().default_baseline().unwrap();
    assert_eq!(
        (baseline.label.as_str(), baseline.commit.as_str()),
        ("merge-base with upstream/stem", &*base)
    );
}

#[test]
fn elsewhere_the_baseline_is_the_merge_base() {
    let sandbox = Sandbox::new();
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    sandbox.commit("mine");
    sandbox.commit("mine again");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.commit("theirs");
    sandbox.git(&["checkout", "-q", "topic"]);
    let baseline = |label: &str| {
        let baseline = sandbox.open().default_baseline().unwrap();
        assert_eq!((baseline.label.as_str(), baseline.commit.as_str()), (label, base.as_str()));
    };
    baseline("merge-base with main");
    sandbox.git(&["remote", "add", "origin", "/nowhere"]);
    baseline("merge-base with main");
    sandbox.git(&["update-ref", "refs/remotes/origin/master", "main"]);
    baseline("merge-base with origin/master");
    sandbox.git(&["update-ref", "refs/remotes/origin/trunk", "main"]);
    sandbox.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    baseline("merge-base with origin/trunk");
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/trunk"]);
    baseline("merge-base with origin/master");
    sandbox.git(&["remote", "rename", "origin", "upstream"]);
    baseline("merge-base with upstream/master");
    sandbox.git(&["checkout", "-q", "--orphan", "island"]);
    sandbox.commit("alone");
    let error = sandbox.open().default_baseline().unwrap_err();
    assert!(matches!(error, SourceError::NoMergeBase { .. }), "{error}");
}

#[test]
fn a_range_follows_first_parents_oldest_first() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.commit("side");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.commit("third");
    sandbox.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let repository = sandbox.open();
    let expect = |args: &[&str]| {
        let mut all = vec!["rev-list", "--reverse", "--first-parent"];
        all.extend(args);
        sandbox.git(&all)
    };
    let found = |range: &str| {
        let range = repository.range(range).unwrap();
        range.iter().map(|revision| revision.commit.as_str().to_owned()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(found("main~3..main"), expect(&["main~3..main"]));
    assert_eq!(found("main~3..").lines().count(), 3);
    assert_eq!(found("side..main"), expect(&["side..main"]));
    for bad in ["main", "main...side", ""] {
        let error = repository.range(bad).unwrap_err();
        assert!(matches!(error, SourceError::NotARange(_)), "{bad}: {error}");
    }
    assert!(matches!(repository.range("main..main~1").unwrap_err(), SourceError::EmptyRange(_)));
    assert!(matches!(repository.range("main..nosuch").unwrap_err(), SourceError::UnknownRevision { .. }));
}

#[test]
fn a_shallow_clone_says_how_to_deepen() {
    let sandbox = Sandbox::new();
    let clone = sandbox.beside("shallow ü");
    let from = format!("file://{}", sandbox.root.display().to_string().replace(' ', "%20"));
    git_in(&sandbox.root, &["clone", "-q", "--depth=1", &from, clone.to_str().unwrap()]);
    let repository = Repository::discover(&clone).unwrap();
    let error = repository.default_baseline().unwrap_err();
    assert!(matches!(error, SourceError::Shallow { .. }), "{error}");
    let hint = error.hint().unwrap();
    for word in ["--deepen=50", "--unshallow", "fetch-depth: 0"] {
        assert!(hint.contains(word), "{hint}");
    }
    let hint = repository.resolve("HEAD~1").unwrap_err().hint().unwrap();
    assert!(hint.contains("--unshallow"), "{hint}");
    assert!(!repository.work_tree().unwrap().dirty);
    // As a service checks a pull request out: no branch at all.
    git_in(&clone, &["checkout", "-q", "--detach"]);
    git_in(&clone, &["update-ref", "refs/remotes/pull/1/merge", "HEAD"]);
    git_in(&clone, &["symbolic-ref", "--delete", "refs/remotes/origin/HEAD"]);
    for branch in ["refs/heads/main", "refs/remotes/origin/main"] {
        git_in(&clone, &["update-ref", "-d", branch]);
    }
    let error = Repository::discover(&clone).unwrap().default_baseline().unwrap_err();
    assert!(matches!(error, SourceError::Shallow { .. }), "{error}");
}

#[test]
fn a_partial_clone_is_read_as_far_as_it_goes() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = sandbox.beside("partial");
    let from = format!("file://{}", sandbox.root.display().to_string().replace(' ', "%20"));
    git_in(&sandbox.root, &["clone", "-q", "--filter=blob:none", &from, clone.to_str().unwrap()]);
    assert!(
        fs::read_to_string(clone.join(".git/config")).unwrap().to_ascii_lowercase().contains("partialclone")
    );
    let repository = Repository::discover(&clone).unwrap();
    let trees = sandbox.beside("trees");
    let extract =
        |spec: &str| repository.extract(&repository.resolve(spec).unwrap(), &trees, Path::new(""), None);
    extract("HEAD").unwrap();
    let error = extract("HEAD~1").unwrap_err();
    assert!(matches!(error, SourceError::MissingObject { .. }), "{error}");
    assert!(error.hint().unwrap().contains("--refetch"));
}
