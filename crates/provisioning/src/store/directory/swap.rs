//! The symlink layout: `..data` points to the current version, and each name points through `..data`.
//!
//! In order: write the new version, synchronise, compare, rename `..data`, fix the links of the names, remove
//! the previous version. After a kill at any point, the directory has the old or the new content; the next
//! writer removes leftovers. `metadata.rs` handles inherited metadata.

#[path = "metadata.rs"]
mod metadata;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use digicert_one_credentials::{DirectorySource, read_secret_file};
use zeroize::Zeroizing;

use self::metadata::Handed;
use crate::durable::{compare, create_private, random_name, sync_directory};
use crate::replaceable::{check_directory, check_links, check_rename, look};
use crate::store::file::expect_kind;
use crate::store::{PreparedStore, SecretKind, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};

/// The prefix of our versions.
const VERSION: &str = "..d1-";
/// Reserves the space until the content replaces it.
const RESERVE: &str = "..reserve";

type Files = BTreeMap<String, Zeroizing<Vec<u8>>>;

pub(super) fn prepare(path: &Path, name: String, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
    let lock = lock(path)?;
    let mut prepared = Prepared { path: path.to_owned(), name, kind, version: None, _lock: lock };
    prepared.check_names()?;
    prepared.tidy();
    prepared.version = Some(prepared.make_version()?);
    Ok(Box::new(prepared))
}

/// The directory, locked by its writer while it is prepared; the system releases the lock with the process.
#[derive(Debug)]
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Unlocked explicitly: a child process that is just being started may hold a copy for a moment longer.
        let _ = self.0.unlock();
    }
}

fn lock(path: &Path) -> Result<Held, StoreError> {
    let place = || path.display().to_string();
    let directory = File::open(path).map_err(|error| StoreError::io(place(), "failed to open the directory", error))?;
    if !directory.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(StoreError::new(StoreErrorKind::Unexpected, place(), "not a directory"));
    }
    match directory.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let message = "another writer has the directory open; wait until it ends";
            Err(StoreError::new(StoreErrorKind::Busy, place(), message))
        }
        // On a file system without locks, the operator must ensure a single writer.
        _ => Ok(Held(directory)),
    }
}

#[derive(Debug)]
struct Prepared {
    path: PathBuf,
    name: String,
    kind: SecretKind,
    version: Option<Version>,
    _lock: Held,
}

/// A version that is not visible yet; removed when dropped, unless it became visible.
#[derive(Debug)]
struct Version {
    path: PathBuf,
    name: String,
    visible: bool,
}

impl Drop for Version {
    fn drop(&mut self) {
        if !self.visible {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl PreparedStore for Prepared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        expect_kind(self.kind, secret, &self.name)?;
        let mut version = match self.version.take() {
            Some(version) => version,
            None => self.make_version()?,
        };
        let before = self.current_version();
        let files = self.files(secret)?;
        self.fill(&version, &files)?;
        self.swap(&version).map_err(|error| self.failed("failed to rename the link ..data", error))?;
        version.visible = true;
        self.sync()?;
        self.link_names(&files).map_err(|error| self.failed("failed to link the names to the new version", error))?;
        self.sync()?;
        for (name, content) in &files {
            compare(&self.path.join(name), content, &self.path.join(name))?;
        }
        if let Some(before) = before.filter(|before| *before != version.name && before.starts_with(VERSION)) {
            // It holds the previous secret. The next writer removes what stays.
            let _ = fs::remove_dir_all(self.path.join(before));
        }
        Ok(StoreReceipt::read_back(self.name.clone()))
    }
}

impl Prepared {
    fn failed(&self, what: &str, error: io::Error) -> StoreError {
        StoreError::io(self.path.display().to_string(), what, error)
    }

    fn sync(&self) -> Result<(), StoreError> {
        sync_directory(&self.path).map_err(|error| self.failed("failed to synchronise the change", error))
    }

    /// Checks the names that must be replaceable.
    fn check_names(&self) -> Result<(), StoreError> {
        check_directory(&self.path)?;
        let unexpected = |path: &Path, message: &str| {
            Err(StoreError::new(StoreErrorKind::Unexpected, path.display().to_string(), message))
        };
        let data = self.path.join(DirectorySource::DATA);
        if let Some(found) = look(&data)? {
            if !found.is_symlink() {
                return unexpected(
                    &data,
                    "it is not a symlink: another program created this directory with another layout",
                );
            }
            check_rename(&data, &found)?;
        }
        for name in credential_names() {
            let path = self.path.join(name);
            let Some(found) = look(&path)? else { continue };
            if found.is_dir() {
                return unexpected(&path, "it is a directory; expected a file");
            }
            if found.is_symlink() && !self.leads_through_data(name) {
                let message = "it is a symlink to a file elsewhere and would be replaced; move the file here";
                return unexpected(&path, message);
            }
            check_links(&path, &found)?;
            check_rename(&path, &found)?;
        }
        Ok(())
    }

    fn leads_through_data(&self, name: &str) -> bool {
        fs::read_link(self.path.join(name)).is_ok_and(|found| found == Path::new(DirectorySource::DATA).join(name))
    }

    /// Removes versions that never became visible, or no longer are. We hold the lock, so none is being written.
    fn tidy(&self) {
        let current = self.current_version();
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(VERSION)) else { continue };
            if Some(name) == current.as_deref() {
                continue;
            }
            let _ = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
                _ => fs::remove_file(entry.path()),
            };
        }
    }

    /// Returns the version that `..data` points to.
    fn current_version(&self) -> Option<String> {
        fs::read_link(self.path.join(DirectorySource::DATA)).ok()?.to_str().map(ToOwned::to_owned)
    }

    /// Creates a version with its space reserved, and checks that the directory supports symlinks and renames.
    fn make_version(&self) -> Result<Version, StoreError> {
        let handed = self.handed()?;
        let name = random_name().map_err(|error| self.failed("failed to generate a name", error))?;
        let name = format!("{VERSION}{name}");
        let version = Version { path: self.path.join(&name), name, visible: false };
        self.reserve(&version).map_err(|error| self.failed("failed to write in the directory", error))?;
        handed.try_out(&version.path)?;
        Ok(version)
    }

    /// Returns the metadata for the files of the next version.
    fn handed(&self) -> Result<Handed, StoreError> {
        Handed::look(&self.path, &self.carried(), &replaced_names(self.kind))
    }

    fn reserve(&self, version: &Version) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&version.path)?;
        let mut reserve = create_private(&version.path.join(RESERVE))?;
        let size = self.kind.reserve() as u64 + self.carried_size();
        let block = [0; 4 << 10];
        for _ in 0..size.div_ceil(block.len() as u64) {
            reserve.write_all(&block)?;
        }
        reserve.sync_all()?;
        let (link, renamed) = (self.link_name(version, "probe"), self.link_name(version, "probed"));
        symlink(&version.name, &link)?;
        let moved = fs::rename(&link, &renamed);
        let _ = fs::remove_file(if moved.is_ok() { &renamed } else { &link });
        moved
    }

    /// Returns a name next to the versions that `tidy` recognises.
    fn link_name(&self, version: &Version, what: &str) -> PathBuf {
        self.path.join(format!("{}.{what}", version.name))
    }

    /// Returns the visible files that stay, by name.
    fn carried(&self) -> BTreeMap<String, PathBuf> {
        let from = self.path.join(DirectorySource::DATA);
        let replaced = replaced_names(self.kind);
        let mut carried = BTreeMap::new();
        let mut add = |name: String, path: PathBuf| {
            if !replaced.contains(name.as_str()) && path.is_file() {
                carried.insert(name, path);
            }
        };
        if from.symlink_metadata().is_ok() {
            for entry in fs::read_dir(&from).into_iter().flatten().flatten() {
                if let Ok(name) = entry.file_name().into_string()
                    && name != RESERVE
                {
                    add(name, entry.path());
                }
            }
        } else {
            // Other names stay: only what a reader looks for must be behind the link.
            for name in credential_names() {
                add(name.to_owned(), self.path.join(name));
            }
        }
        carried
    }

    fn carried_size(&self) -> u64 {
        // One block per file, for the partly filled last block.
        let sizes = self.carried().into_values().filter_map(|path| path.metadata().ok());
        sizes.map(|metadata| metadata.len() + (4 << 10)).sum()
    }

    /// Returns the complete content of the new version.
    fn files(&self, secret: &StoredSecret) -> Result<Files, StoreError> {
        let mut files = Files::new();
        for (name, path) in self.carried() {
            let content = read_secret_file(&path, &mut Vec::new()).map_err(|error| {
                StoreError::new(StoreErrorKind::System, path.display().to_string(), "failed to read a file that stays")
                    .with_source(error)
            })?;
            files.insert(name, Zeroizing::new(content.expose().to_vec()));
        }
        let mut add = |name: &str, content: Vec<u8>| files.insert(name.to_owned(), Zeroizing::new(content));
        match secret.halves() {
            Some((chain, mut key)) => {
                add(DirectorySource::CERTIFICATE[0], chain.into_bytes());
                add(DirectorySource::PRIVATE_KEY, std::mem::take(&mut *key));
            }
            None => {
                add(DirectorySource::API_KEY[0], std::mem::take(&mut *secret.text()));
                if let Some(end_date) = secret.end_date() {
                    add(DirectorySource::KEY_ENDS, format!("{end_date}\n").into_bytes());
                }
            }
        }
        if let Some(end_date) = secret.owner_ends() {
            add(DirectorySource::OWNER_ENDS, format!("{end_date}\n").into_bytes());
        }
        Ok(files)
    }

    /// Writes the files durably and compares them; still invisible.
    fn fill(&self, version: &Version, files: &Files) -> Result<(), StoreError> {
        let handed = self.handed()?;
        let failed = |error| self.failed("failed to write the new version", error);
        let _ = fs::remove_file(version.path.join(RESERVE));
        for (name, content) in files {
            let path = version.path.join(name);
            // A previous attempt may have left it.
            let _ = fs::remove_file(&path);
            let mut file = create_private(&path).map_err(failed)?;
            handed.to_file(name, &file)?;
            file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        handed.to_version(&version.path)?;
        sync_directory(&version.path).map_err(failed)?;
        files.iter().try_for_each(|(name, content)| compare(&version.path.join(name), content, &self.path.join(name)))
    }

    fn swap(&self, version: &Version) -> io::Result<()> {
        let link = self.link_name(version, "data");
        symlink(&version.name, &link)?;
        fs::rename(&link, self.path.join(DirectorySource::DATA)).inspect_err(|_| drop(fs::remove_file(&link)))
    }

    /// Points each name through `..data`; removes names of credentials that the version does not have.
    fn link_names(&self, files: &Files) -> io::Result<()> {
        for name in files.keys() {
            let (path, target) = (self.path.join(name), Path::new(DirectorySource::DATA).join(name));
            if self.leads_through_data(name) {
                continue;
            }
            let link = self.path.join(format!("{VERSION}{}.link", random_name()?));
            symlink(&target, &link)?;
            fs::rename(&link, &path).inspect_err(|_| drop(fs::remove_file(&link)))?;
        }
        for name in credential_names().filter(|name| !files.contains_key(*name)) {
            match fs::remove_file(self.path.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn credential_names() -> impl Iterator<Item = &'static str> {
    DirectorySource::API_KEY.into_iter().chain(DirectorySource::CERTIFICATE).chain([
        DirectorySource::PRIVATE_KEY,
        DirectorySource::PASSWORD,
        DirectorySource::KEY_ENDS,
        DirectorySource::OWNER_ENDS,
    ])
}

/// Returns the names that a secret of this kind replaces.
fn replaced_names(kind: SecretKind) -> BTreeSet<&'static str> {
    match kind {
        SecretKind::ApiKey => DirectorySource::API_KEY.into_iter().chain([DirectorySource::KEY_ENDS]).collect(),
        SecretKind::Certificate => DirectorySource::CERTIFICATE
            .into_iter()
            .chain([DirectorySource::PRIVATE_KEY, DirectorySource::PASSWORD])
            .collect(),
    }
}
