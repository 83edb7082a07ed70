//! Trust roots in a library's own form, read once per process. A transport is made anew for each rotated identity, and reading the system's
//! roots takes a TLS library up to 70 ms.

use std::env;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use digicert_one_core::TrustRoots;

/// The choices of roots that are remembered. A program has one or two.
const REMEMBERED: usize = 8;

/// Roots that were read before, by the choice of roots, by `K` (what else the result depends on), and by the state of the files.
#[derive(Debug)]
pub struct RootCache<K, T>(Mutex<Vec<CachedRoots<K, T>>>);

#[derive(Debug)]
struct CachedRoots<K, T> {
    key: K,
    trust: TrustRoots,
    places: Option<RootPlaces>,
    stamps: Vec<Stamp>,
    value: T,
}

impl<K: PartialEq, T: Clone> RootCache<K, T> {
    /// An empty cache, for a static.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Returns what `read` returned for these roots before, unless a file changed since. `read` is handed the places of the system's roots
    /// if `trust` includes them; only then `places` is called.
    ///
    /// # Errors
    /// The error of `read`, which is not remembered.
    pub fn get<E>(
        &self,
        key: K,
        trust: &TrustRoots,
        places: impl FnOnce() -> RootPlaces,
        read: impl FnOnce(Option<&RootPlaces>) -> Result<T, E>,
    ) -> Result<T, E> {
        let places = (!matches!(trust, TrustRoots::Only(_))).then(places);
        // Before the roots are read: a change meanwhile is then seen the next time.
        let stamps = places.as_ref().map(RootPlaces::stamps).unwrap_or_default();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().position(|one| one.key == key && one.places == places && one.trust == *trust);
        if let Some(found) = found {
            if known[found].stamps == stamps {
                return Ok(known[found].value.clone());
            }
            known.remove(found);
        }
        let value = read(places.as_ref())?;
        if known.len() == REMEMBERED {
            known.remove(0);
        }
        known.push(CachedRoots { key, trust: trust.clone(), places, stamps, value: value.clone() });
        Ok(value)
    }
}

impl<K: PartialEq, T: Clone> Default for RootCache<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The bundles and CA directories of the system's roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPlaces {
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

/// One file as it was when it was read: path, device, inode, length, and time of the last change.
type Stamp = (PathBuf, Option<(u64, u64, u64, i64, i64)>);

impl RootPlaces {
    /// Returns the places that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, and the usual ones of the operating system. `own` is the folder
    /// that a library was built with; its `cert.pem` and `certs` stand in for a variable that is not set.
    #[must_use]
    pub fn of_system(own: Option<&Path>) -> Self {
        let (file, directories) = (env::var_os(openssl_probe::ENV_CERT_FILE), env::var_os(openssl_probe::ENV_CERT_DIR));
        let found = openssl_probe::probe();
        Self::new(own, file, directories, found.cert_file, found.cert_dir)
    }

    /// Returns the places that rustls-native-certs reads, and rustls-platform-verifier with it: those that the variables name, else the usual
    /// ones.
    #[must_use]
    pub fn of_native_certs() -> Self {
        let (file, directories) = (env::var_os(openssl_probe::ENV_CERT_FILE), env::var_os(openssl_probe::ENV_CERT_DIR));
        if file.is_none() && directories.as_ref().is_none_or(|list| list.is_empty()) {
            return Self::of_system(None);
        }
        Self::new(None, file, directories, None, Vec::new())
    }

    fn new(
        own: Option<&Path>,
        file: Option<OsString>,
        directories: Option<OsString>,
        found_file: Option<PathBuf>,
        found_directories: Vec<PathBuf>,
    ) -> Self {
        let files = file.map(PathBuf::from).or_else(|| own.map(|own| own.join("cert.pem")));
        let directories = match directories {
            Some(list) => env::split_paths(&list).collect(),
            None => Vec::from_iter(own.map(|own| own.join("certs"))),
        };
        Self {
            files: distinct(files.into_iter().chain(found_file)),
            directories: distinct(directories.into_iter().chain(found_directories)),
        }
    }

    /// The files that hold many roots each.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The directories of files with one root each.
    #[must_use]
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// The state of every file. A different one means that the roots have to be read again.
    fn stamps(&self) -> Vec<Stamp> {
        let mut stamps: Vec<Stamp> = self.files.iter().map(|path| stamp(path.clone())).collect();
        for directory in &self.directories {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            let mut inside: Vec<Stamp> = entries.map(|entry| stamp(entry.path())).collect();
            inside.sort();
            stamps.push(stamp(directory.clone()));
            stamps.append(&mut inside);
        }
        stamps
    }
}

fn stamp(path: PathBuf) -> Stamp {
    let state = |of: Metadata| (of.dev(), of.ino(), of.len(), of.ctime(), of.ctime_nsec());
    let state = fs::metadata(&path).ok().map(state);
    (path, state)
}

/// Without those that lead to a place that is there already.
fn distinct(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut seen: Vec<PathBuf> = Vec::new();
    paths
        .filter(|path| {
            let real = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let is_new = !seen.contains(&real);
            seen.push(real);
            is_new
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn only(files: &[&Path], directories: &[&Path]) -> RootPlaces {
        let owned = |paths: &[&Path]| paths.iter().map(|path| path.to_path_buf()).collect();
        RootPlaces { files: owned(files), directories: owned(directories) }
    }

    #[test]
    fn variables_stand_in_for_the_folder_of_the_library() {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        let own = Some(Path::new("/none/ssl"));
        let places = RootPlaces::new(own, None, None, Some("/none/bundle".into()), paths(&["/none/dir"]));
        assert_eq!(places.files, paths(&["/none/ssl/cert.pem", "/none/bundle"]));
        assert_eq!(places.directories, paths(&["/none/ssl/certs", "/none/dir"]));
        let set = (Some("/none/a".into()), Some("/none/b:/none/c".into()));
        let places = RootPlaces::new(own, set.0, set.1, Some("/none/a".into()), vec![]);
        assert_eq!(places.files, paths(&["/none/a"]));
        assert_eq!(places.directories, paths(&["/none/b", "/none/c"]));
    }

    #[test]
    fn changed_files_are_read_again_and_unchanged_ones_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let (bundle, directory) = (folder.path().join("bundle.pem"), folder.path().join("certs"));
        fs::create_dir(&directory).expect("created");
        let cache = RootCache::new();
        let mut reads = 0;
        let mut reads_now = |trust: &TrustRoots| {
            let count = |_: Option<&RootPlaces>| {
                reads += 1;
                Ok::<_, Infallible>(reads)
            };
            cache.get((), trust, || only(&[&bundle], &[&directory]), count).expect("read")
        };
        let system = TrustRoots::System;
        assert_eq!((reads_now(&system), reads_now(&system)), (1, 1));
        fs::write(&bundle, "a").expect("written");
        assert_eq!((reads_now(&system), reads_now(&system)), (2, 2), "a bundle that appeared");
        fs::write(directory.join("0a1b2c3d.0"), "a").expect("written");
        assert_eq!((reads_now(&system), reads_now(&system)), (3, 3), "a file in a directory");
        fs::write(directory.join("0a1b2c3d.0"), "bc").expect("written");
        assert_eq!((reads_now(&system), reads_now(&system)), (4, 4), "a file in a directory that changed in place");
        let given = TrustRoots::Only(vec![vec![1].into()]);
        assert_eq!((reads_now(&given), reads_now(&given), reads_now(&system)), (5, 5, 4));
        fs::remove_file(&bundle).expect("removed");
        assert_eq!((reads_now(&given), reads_now(&system)), (5, 6), "given roots do not depend on the system's");
    }

    #[test]
    fn given_roots_alone_do_not_look_for_those_of_the_system() {
        let cache = RootCache::new();
        let given = TrustRoots::Only(vec![vec![1].into()]);
        let none = cache.get((), &given, || panic!("not needed"), |places| Ok::<_, Infallible>(places.is_none()));
        assert!(none.expect("read"));
    }
}
