//! What the files of a version inherit from those that they replace: each from the file of its own name, a new name from a file
//! that is replaced at the same time, and the version's directory from the one that readers pass through today.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use digicert_one_credentials::DirectorySource;

use crate::durable::create_private;
use crate::inherit::{ANY_MODE, Inherited, PUBLIC, SECRET};
use crate::sink::SinkError;

/// What is handed on to the files of the next version.
#[derive(Debug)]
pub(super) struct Handed {
    /// By name: what it inherits, and from where.
    files: BTreeMap<String, (Inherited, PathBuf)>,
    /// Names of which the content does not change.
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
    /// Looks at a store: `carried` are the files of it that stay, by name, and `replaced` the names that do not.
    pub(super) fn look(
        path: &Path,
        carried: &BTreeMap<String, PathBuf>,
        replaced: &BTreeSet<&'static str>,
    ) -> Result<Self, SinkError> {
        let mut files = BTreeMap::new();
        for (name, from) in carried {
            if let Some(inherited) = of_file(from)? {
                files.insert(name.clone(), inherited);
            }
        }
        let mut others = None;
        for name in replaced {
            if let Some(inherited) = of_file(&path.join(name))? {
                // These may be readable for more users, or for fewer.
                if ![DirectorySource::KEY_ENDS, DirectorySource::PASSWORD].contains(name) {
                    others.get_or_insert_with(|| inherited.clone());
                }
                files.insert((*name).to_owned(), inherited);
            }
        }
        let failed = |error| SinkError::io(path.display().to_string(), "cannot look at the directory", error);
        let data = path.join(DirectorySource::DATA);
        let entered = data.canonicalize().unwrap_or_else(|_| path.to_owned());
        let directory = Inherited::of_directory(&entered, &fs::metadata(&entered).map_err(failed)?)?;
        let (unchanged, is_certificate) =
            (carried.keys().cloned().collect(), replaced.contains(DirectorySource::PRIVATE_KEY));
        Ok(Self { files, unchanged, others, directory, is_certificate, path: path.to_owned() })
    }

    /// Whether all of it can be handed on: tried with files that are removed again.
    pub(super) fn try_out(&self, version: &Path) -> Result<(), SinkError> {
        let replacing = if self.is_certificate {
            &[DirectorySource::CERTIFICATE[0], DirectorySource::PRIVATE_KEY][..]
        } else {
            &[DirectorySource::API_KEY[0], DirectorySource::KEY_ENDS]
        };
        for name in self.unchanged.iter().map(String::as_str).chain(replacing.iter().copied()) {
            let probe = version.join("..probe");
            let file = create_private(&probe).map_err(|error| {
                SinkError::io(self.path.display().to_string(), "cannot write in the directory", error)
            })?;
            let handed = self.to_file(name, &file);
            let _ = fs::remove_file(&probe);
            handed?;
        }
        self.to_version(version)
    }

    /// Hands on to a new file of this name.
    pub(super) fn to_file(&self, name: &str, file: &File) -> Result<(), SinkError> {
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

    /// Lets those into a version who can read one of its files.
    pub(super) fn to_version(&self, version: &Path) -> Result<(), SinkError> {
        let mut all = self.files.values().chain(&self.others);
        if !all.any(|(inherited, _)| inherited.is_shared()) {
            return Ok(());
        }
        let failed = |error| SinkError::io(self.path.display().to_string(), "cannot open the new version", error);
        self.directory.hand_on_to_directory(&File::open(version).map_err(failed)?, &self.path)
    }
}

/// What the file behind a path hands on; `None` if there is none.
fn of_file(path: &Path) -> Result<Option<(Inherited, PathBuf)>, SinkError> {
    // Through the links of the layout.
    let Ok(real) = path.canonicalize() else { return Ok(None) };
    let failed = |error| SinkError::io(path.display().to_string(), "cannot look at the file", error);
    let metadata = fs::metadata(&real).map_err(failed)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    Ok(Some((Inherited::of(&real, &metadata)?, path.to_owned())))
}
