//! Metadata that the files of a version inherit: each from the file with the same name, a new name from a
//! file that is replaced at the same time, and the version's directory from the directory that readers use
//! today.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use digicert_one_credentials::DirectorySource;

use crate::durable::create_private;
use crate::inherit::{ANY_MODE, Inherited, PUBLIC, SECRET};
use crate::store::StoreError;

/// The metadata for the files of the next version.
#[derive(Debug)]
pub(super) struct Handed {
    /// By name: the metadata, and its origin.
    files: BTreeMap<String, (Inherited, PathBuf)>,
    /// Names whose content does not change.
    unchanged: BTreeSet<String>,
    /// For new names.
    others: Option<(Inherited, PathBuf)>,
    directory: Inherited,
    /// Whether the certificate is replaced, and not the API key.
    is_certificate: bool,
    /// The directory of the store, for errors.
    path: PathBuf,
}

impl Handed {
    /// Inspects a store: `carried` are its files that stay, by name, and `replaced` the other names.
    pub(super) fn look(
        path: &Path,
        carried: &BTreeMap<String, PathBuf>,
        replaced: &BTreeSet<&'static str>,
    ) -> Result<Self, StoreError> {
        let mut files = BTreeMap::new();
        for (name, from) in carried {
            if let Some(inherited) = of_file(from)? {
                files.insert(name.clone(), inherited);
            }
        }
        let mut others = None;
        for name in replaced {
            if let Some(inherited) = of_file(&path.join(name))? {
                // These may be readable for more or fewer users.
                if ![DirectorySource::KEY_ENDS, DirectorySource::PASSWORD].contains(name) {
                    others.get_or_insert_with(|| inherited.clone());
                }
                files.insert((*name).to_owned(), inherited);
            }
        }
        let failed =
            |error| StoreError::io(path.display().to_string(), "failed to read the metadata of the directory", error);
        let data = path.join(DirectorySource::DATA);
        let entered = data.canonicalize().unwrap_or_else(|_| path.to_owned());
        let directory = Inherited::of_directory(&entered, &fs::metadata(&entered).map_err(failed)?)?;
        let (unchanged, is_certificate) =
            (carried.keys().cloned().collect(), replaced.contains(DirectorySource::PRIVATE_KEY));
        Ok(Self { files, unchanged, others, directory, is_certificate, path: path.to_owned() })
    }

    /// Checks whether all of it can be inherited: tried with temporary files.
    pub(super) fn try_out(&self, version: &Path) -> Result<(), StoreError> {
        let replacing = if self.is_certificate {
            &[DirectorySource::CERTIFICATE[0], DirectorySource::PRIVATE_KEY][..]
        } else {
            &[DirectorySource::API_KEY[0], DirectorySource::KEY_ENDS]
        };
        for name in self.unchanged.iter().map(String::as_str).chain(replacing.iter().copied()) {
            let probe = version.join("..probe");
            let file = create_private(&probe).map_err(|error| {
                StoreError::io(self.path.display().to_string(), "failed to write in the directory", error)
            })?;
            let handed = self.to_file(name, &file);
            let _ = fs::remove_file(&probe);
            handed?;
        }
        self.to_version(version)
    }

    /// Applies the metadata to a new file with this name.
    pub(super) fn to_file(&self, name: &str, file: &File) -> Result<(), StoreError> {
        let Some((inherited, from)) = self.files.get(name).or(self.others.as_ref()) else { return Ok(()) };
        let widest = match name {
            _ if self.unchanged.contains(name) => ANY_MODE,
            _ if DirectorySource::CERTIFICATE.contains(&name)
                || [DirectorySource::KEY_ENDS, DirectorySource::OWNER_ENDS].contains(&name) =>
            {
                PUBLIC
            }
            _ => SECRET,
        };
        inherited.hand_on(file, widest, from)
    }

    /// Gives access to a version to all users who can read one of its files.
    pub(super) fn to_version(&self, version: &Path) -> Result<(), StoreError> {
        let mut all = self.files.values().chain(&self.others);
        if !all.any(|(inherited, _)| inherited.is_shared()) {
            return Ok(());
        }
        let failed = |error| StoreError::io(self.path.display().to_string(), "failed to open the new version", error);
        self.directory.hand_on_to_directory(&File::open(version).map_err(failed)?, &self.path)
    }
}

/// Returns the metadata of the file behind a path; `None` if it does not exist.
fn of_file(path: &Path) -> Result<Option<(Inherited, PathBuf)>, StoreError> {
    // Follows the links of the layout.
    let Ok(real) = path.canonicalize() else { return Ok(None) };
    let failed = |error| StoreError::io(path.display().to_string(), "failed to read the metadata of the file", error);
    let metadata = fs::metadata(&real).map_err(failed)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    Ok(Some((Inherited::of(&real, &metadata)?, path.to_owned())))
}
