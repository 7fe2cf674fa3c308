//! Against real repositories, in folders whose names need care.

use std::fs;
use std::path::PathBuf;
use std::process::Command as Process;

use super::super::fixtures::uid;
use super::*;

/// A user's repository with a remote, and room for our own.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::Builder::new().prefix("ex change ü ").tempdir().unwrap() };
        git(&place.path("."), &["init", "--quiet", "--bare", "remote.git"]);
        git(&place.path("."), &["init", "--quiet", "user"]);
        git(&place.path("user"), &["remote", "add", "origin", "../remote.git"]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, name: &str) -> GitRemote {
        GitRemote::open("origin", &self.path("user"), &self.path(name)).unwrap()
    }

    fn refs(&self) -> Vec<String> {
        let listed = git(&self.path("remote.git"), &["for-each-ref", "--format=%(refname)"]);
        listed.lines().map(str::to_owned).collect()
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Process::new("git");
    command.current_dir(folder).args(["-c", "user.name=T", "-c", "user.email=t@example.org"]).args(arguments);
    let output =
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn texts(numbers: std::ops::Range<u8>) -> Vec<(RunUid, Vec<u8>)> {
    numbers.map(|number| (uid(number), format!("run {number}\n").into_bytes())).collect()
}

fn contents(remote: &mut GitRemote) -> Vec<String> {
    let items = remote.list().unwrap().items;
    let text = |item| String::from_utf8(remote.get(item).unwrap().unwrap()).unwrap();
    items.iter().map(text).collect()
}

#[test]
fn runs_are_sent_once_found_and_compacted_without_loss() {
    let place = Place::new();
    let mut one = place.open("one");
    let first = one.put(&texts(1..4)).unwrap();
    assert!(first.iter().all(|(put, _)| *put == Put::There));
    assert_eq!(one.put(&texts(1..3)).unwrap(), first[..2], "again is nothing new");
    assert_eq!(one.put(&[(uid(1), b"other".to_vec())]).unwrap()[0].0, Put::Occupied);
    drop(one);
    let mut two = place.open("two");
    assert_eq!(
        two.put(&[(uid(2), b"other".to_vec())]).unwrap()[0].0,
        Put::Occupied,
        "also by who never fetched"
    );
    assert_eq!(contents(&mut two), ["run 1\n", "run 2\n", "run 3\n"]);
    assert_eq!(two.list().unwrap().items[0].content, first[0].1);
    let done = two.compact().unwrap();
    assert_eq!((done.included, done.total), (3, 3));
    assert_eq!(place.refs(), ["refs/perfguard/log"]);
    assert_eq!(two.compact().unwrap().included, 0);
    two.put(&texts(3..6)).unwrap();
    assert_eq!(contents(&mut two).len(), 5, "what is in both counts once");
    let done = two.compact().unwrap();
    assert_eq!((done.included, done.total), (3, 5));
    drop(two);
    assert_eq!(contents(&mut place.open("three")).len(), 5);
    assert_eq!(git(&place.path("user"), &["for-each-ref"]), "", "the user's repository stays as it is");
    assert!(fs::read_dir(place.path("user")).unwrap().count() == 1);
}

#[test]
fn a_lock_that_lies_on_the_other_side_for_ever_stops_nobody() {
    let place = Place::new();
    let locked = place.path(&format!("remote.git/refs/perfguard/w/{}.lock", uid(2)));
    fs::create_dir_all(locked.parent().unwrap()).unwrap();
    fs::write(&locked, "").unwrap();
    let mut remote = place.open("own");
    let puts = remote.put(&texts(1..4)).unwrap();
    assert!(puts.iter().all(|(put, _)| *put == Put::There), "{puts:?}");
    let second = format!("refs/perfguard/w/{}.1", uid(2));
    assert!(place.refs().contains(&second), "{:?}", place.refs());
    assert_eq!(contents(&mut remote).len(), 3);
    let done = remote.compact().unwrap();
    assert_eq!((done.included, done.total, place.refs().len()), (3, 3, 1));
    assert_eq!(contents(&mut remote).len(), 3);
}

#[test]
fn what_is_no_run_is_told_and_stays_where_it_is() {
    let place = Place::new();
    let mut remote = place.open("own");
    remote.put(&texts(1..2)).unwrap();
    let bare = place.path("remote.git");
    let blob =
        git(&place.path("user"), &["--git-dir", bare.to_str().unwrap(), "hash-object", "-w", "/dev/null"]);
    let reference =
        |name: &str, object: &str| git(&bare, &["update-ref", &format!("refs/perfguard/w/{name}"), object]);
    reference(&uid(2).to_string(), &blob);
    reference("not-an-id", &blob);
    let tree = |line: String| {
        fs::write(place.path("tree"), line).unwrap();
        let input = fs::File::open(place.path("tree")).unwrap();
        let output = Process::new("git").current_dir(&bare).arg("mktree").stdin(input).output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        git(&bare, &["commit-tree", &tree, "-m", "x"])
    };
    // Another name than the reference's, and one that is a link.
    reference(&uid(3).to_string(), &tree(format!("100644 blob {blob}\tpasswd\n")));
    reference(&uid(4).to_string(), &tree(format!("120000 blob {blob}\t{}\n", uid(5))));
    let mut odd: Vec<String> = remote.list().unwrap().odd.iter().map(ToString::to_string).collect();
    odd.sort();
    assert_eq!(odd.len(), 4, "{odd:?}");
    assert!(odd[0].contains("`refs/perfguard/w/not-an-id` is no id"), "{odd:?}");
    assert!(odd[1..].iter().all(|text| text.contains("no file of that name")), "{odd:?}");
    assert_eq!(contents(&mut remote), ["run 1\n"]);
    let done = remote.compact().unwrap();
    assert_eq!((done.included, done.odd.len(), place.refs().len()), (1, 4, 5));
}

#[test]
fn a_remote_that_refuses_is_told_in_its_words_and_without_secrets() {
    let place = Place::new();
    let hook = place.path("remote.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho no write permission for https://u:hunter2@host >&2\nexit 1\n").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let error = place.open("own").put(&texts(1..2)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no write permission") && text.contains("pre-receive hook declined"), "{text}");
    assert!(text.contains("writing was refused") && matches!(error, ExchangeError::Refused { .. }), "{text}");
    assert!(!text.contains("hunter2") && error.hint().unwrap().contains("in the store"), "{text}");
    assert_eq!(place.refs().len(), 0);
    assert!(place.open("own").compact().is_ok(), "there is nothing to compact, so nothing to refuse");
    let nowhere = format!("file://me:hunter2@{}/none?token=t0ken", place.path("x y").display());
    let mut remote = GitRemote::open(&nowhere, &place.path("user"), &place.path("own")).unwrap();
    let text = remote.list().unwrap_err().to_string();
    assert!(!text.contains("hunter2") && !text.contains("t0ken"), "{text}");
    assert!(matches!(
        GitRemote::open("upstream", &place.path("user"), &place.path("own")),
        Err(ExchangeError::NoRemote(_))
    ));
}

/// A server that lets nobody write, as every one does by itself.
#[test]
#[cfg(unix)]
fn a_server_that_serves_readers_alone_says_so() {
    let place = Place::new();
    place.open("own").put(&texts(1..2)).unwrap();
    // What git speaks to in the place of a connection.
    let proxy = place.path("proxy");
    let base = place.path(".").canonicalize().unwrap();
    let script =
        format!("#!/bin/sh\nexec git daemon --inetd --export-all --base-path='{}'\n", base.display());
    fs::write(&proxy, script).unwrap();
    fs::set_permissions(&proxy, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    git(&place.path("user"), &["config", "core.gitProxy", proxy.to_str().unwrap()]);
    git(&place.path("user"), &["remote", "add", "served", "git://host.invalid/remote.git"]);
    let mut served = GitRemote::open("served", &place.path("user"), &place.path("own")).unwrap();
    assert_eq!(contents(&mut served).len(), 1);
    let error = served.put(&texts(2..3)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(
            "failed to send results to served (git://host.invalid/remote.git): writing was refused"
        ),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("in the store") && place.refs().len() == 1, "{text}");
}

#[test]
fn what_a_killed_git_or_somebody_else_left_in_our_repository_does_no_harm() {
    let place = Place::new();
    place.open("own").put(&texts(1..2)).unwrap();
    contents(&mut place.open("own"));
    let own = place.path("own");
    let key = place.open("own").settings.key.clone();
    let locks =
        ["HEAD.lock", "packed-refs.lock", "packed-refs.new", "shallow.lock", "objects/maintenance.lock"];
    for path in locks.into_iter().chain(["objects/pack/tmp_pack_x"]) {
        fs::write(own.join(path), "x").unwrap();
    }
    fs::write(own.join(format!("refs/exchange/{key}/w/{}.lock", uid(1))), "x").unwrap();
    fs::create_dir_all(own.join("hooks")).unwrap();
    fs::write(own.join("config"), "[core]\n\tbare = true\n\tsshCommand = touch /tmp/pwned\n").unwrap();
    fs::write(own.join("objects/info/alternates"), "/etc\n").unwrap();
    place.open("two").put(&texts(2..3)).unwrap();
    assert_eq!(contents(&mut place.open("own")).len(), 2);
    assert!(!own.join("hooks").exists() && !own.join("objects/info/alternates").exists());
    assert!(locks.iter().all(|path| !own.join(path).exists()));
    // Git ended while it forgot references that somebody had compacted: it writes that file only where there is none.
    git(&own, &["pack-refs", "--all"]);
    place.open("two").compact().unwrap();
    fs::write(own.join("packed-refs.new"), "x").unwrap();
    assert_eq!(contents(&mut place.open("own")).len(), 2);
    // Making it was broken off.
    let begun = place.path("begun");
    drop(place.open("begun"));
    fs::remove_file(begun.join("HEAD")).unwrap();
    fs::write(begun.join("config.lock"), "x").unwrap();
    assert_eq!(contents(&mut place.open("begun")).len(), 2);
    // Half of it is gone.
    fs::remove_dir_all(own.join("objects")).unwrap();
    assert_eq!(contents(&mut place.open("own")).len(), 2);
}
