//! The files of one workflow: no two may be the same file, or one would overwrite the other.

use std::path::{Path, PathBuf};

use super::Workflows;

/// The purpose of each file.
pub(super) struct Places(Vec<(&'static str, PathBuf)>);

impl Places {
    pub(super) fn of(flows: &Workflows) -> Self {
        let (store, last_resort) = flows.store.stores();
        let of = |name: &'static str, files: Vec<PathBuf>| files.into_iter().map(move |file| (name, file));
        let places = of("the place of the secret", store.files())
            .chain(of("the last resort", last_resort.map(|store| store.files()).unwrap_or_default()))
            .chain(of("the journal", vec![flows.journal.clone()]))
            .chain(of("the journal's state", vec![flows.state_path()]))
            .chain(of("the lock", vec![flows.lock.clone()]));
        Self(places.collect())
    }

    /// Returns a message about two that are the same file.
    pub(super) fn shared(self) -> Option<String> {
        let places: Vec<_> = self.0.into_iter().map(|(name, file)| (name, whole(&file))).collect();
        places.iter().enumerate().find_map(|(at, (name, file))| {
            let (other, _) = places[..at].iter().find(|(_, other)| other == file)?;
            Some(format!("{other} and {name} are the same file, {}; use two files", file.display()))
        })
    }
}

/// Resolves the directory of the file, in any spelling. A path that does not exist stays unchanged.
fn whole(file: &Path) -> PathBuf {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    match (file.parent().and_then(|directory| directory.canonicalize().ok()), file.file_name()) {
        (Some(directory), Some(name)) => directory.join(name),
        _ => file,
    }
}
