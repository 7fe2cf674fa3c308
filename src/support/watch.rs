//! Which files are opened meanwhile, by whomever: to be read, to be run, to be listed. Linux tells it (inotify).

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use other as system;

/// Files and folders that are watched.
#[derive(Debug)]
pub struct Watch(system::Watch);

impl Watch {
    /// Begins to watch some paths. Whatever name a file is opened by is seen, not only this one. A folder is opened by whoever
    /// lists it.
    ///
    /// # Errors
    /// Not on Linux, a path that is not there, or too many.
    pub fn on<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        system::Watch::on(paths).map(Self)
    }

    /// The places, among the paths, of those that were opened (or removed) since this was last asked.
    ///
    /// # Errors
    /// It is not known: more happened than is kept.
    pub fn opened(&mut self) -> io::Result<BTreeSet<usize>> {
        self.0.opened()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet};
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    /// Room for some events, the longest of which names a file.
    const ROOM: usize = 1 << 13;

    #[derive(Debug)]
    pub(super) struct Watch {
        queue: OwnedFd,
        /// The places of the paths that are one file, by the number of its watch.
        places: BTreeMap<i32, Vec<usize>>,
    }

    impl Watch {
        pub(super) fn on<'a>(paths: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
            let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            let mut places: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
            for (place, path) in paths.into_iter().enumerate() {
                let number = inotify::add_watch(&queue, path, WatchFlags::OPEN)?;
                places.entry(number).or_default().push(place);
            }
            Ok(Self { queue, places })
        }

        pub(super) fn opened(&mut self) -> io::Result<BTreeSet<usize>> {
            let mut room = [MaybeUninit::uninit(); ROOM];
            let mut reader = Reader::new(&self.queue, &mut room);
            let mut opened = BTreeSet::new();
            loop {
                let event = match reader.next() {
                    Ok(event) => event,
                    Err(Errno::AGAIN) => return Ok(opened),
                    Err(error) => return Err(error.into()),
                };
                if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                    return Err(io::Error::other("more files were opened than can be told"));
                }
                // One that names a file is of a file in the folder, not of the folder.
                if event.file_name().is_none() {
                    opened.extend(self.places.get(&event.wd()).into_iter().flatten());
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::collections::BTreeSet;
    use std::io;
    use std::path::Path;

    #[derive(Debug)]
    pub(super) enum Watch {}

    impl Watch {
        pub(super) fn on<'a>(_: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn opened(&mut self) -> io::Result<BTreeSet<usize>> {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_read_run_or_listed_is_seen_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        for name in ["read", "left", "folder/inside"] {
            fs::write(at(name), name).unwrap();
        }
        // Written by another process: a file that is open for writing cannot be run.
        assert!(
            Command::new("cp")
                .args(["/bin/true".as_ref(), at("run").as_os_str()])
                .status()
                .unwrap()
                .success()
        );
        fs::hard_link(at("run"), at("other name")).unwrap();
        let paths = ["read", "left", "folder", "run", "folder/inside"].map(at);
        let mut watch = Watch::on(paths.iter().map(|path| &**path)).unwrap();
        assert!(at("left").metadata().unwrap().is_file());
        assert_eq!(watch.opened().unwrap(), BTreeSet::new());
        fs::read(at("read")).unwrap();
        assert!(Command::new(at("other name")).status().unwrap().success());
        assert_eq!(watch.opened().unwrap(), BTreeSet::from([0, 3]));
        // What is in a folder is read without listing it.
        fs::read(at("folder/inside")).unwrap();
        assert_eq!(watch.opened().unwrap(), BTreeSet::from([4]));
        assert_eq!(fs::read_dir(at("folder")).unwrap().count(), 1);
        assert_eq!(watch.opened().unwrap(), BTreeSet::from([2]));
        assert_eq!(watch.opened().unwrap(), BTreeSet::new());
    }

    #[test]
    fn so_much_that_it_is_not_known_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let other = folder.path().join("other");
        for path in [&path, &other] {
            fs::write(path, "").unwrap();
        }
        let mut watch = Watch::on([&*path, &*other]).unwrap();
        let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        // Events that repeat the one before are not kept.
        for _ in 0..=most.trim().parse::<usize>().unwrap() / 2 {
            fs::File::open(&path).unwrap();
            fs::File::open(&other).unwrap();
        }
        assert!(watch.opened().is_err());
    }

    #[test]
    fn what_is_not_there_cannot_be_watched() {
        assert!(Watch::on([Path::new("/nowhere/at/all")]).is_err());
    }
}
