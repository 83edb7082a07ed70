//! The state of files, by which a change of them is seen without reading them.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, Metadata};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// What the file system says about some files and directories.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<PathBuf, u64>);

impl Files {
    /// Looks at each path, links followed, and at the entries of each directory. May block.
    pub(super) fn look(paths: Vec<PathBuf>) -> Self {
        Self(paths.into_iter().map(|path| (state_of(&path), path)).map(|(state, path)| (path, state)).collect())
    }

    /// Whether a file of these differs from what it was, or was not looked at before.
    pub(super) fn changed_since(&self, before: &Self) -> bool {
        self.0.iter().any(|(path, state)| before.0.get(path) != Some(state))
    }

    /// Replaces the state of each of these files.
    pub(super) fn update(&mut self, now: Self) {
        self.0.extend(now.0);
    }
}

fn state_of(path: &Path) -> u64 {
    let Ok(metadata) = fs::metadata(path) else { return 0 };
    let mut state = of(&metadata);
    if metadata.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let mut hasher = DefaultHasher::new();
            entry.file_name().hash(&mut hasher);
            fs::metadata(entry.path()).ok().map(|metadata| of(&metadata)).hash(&mut hasher);
            // The order of the entries says nothing.
            state = state.wrapping_add(hasher.finish());
        }
    }
    state
}

fn of(metadata: &Metadata) -> u64 {
    let mut hasher = DefaultHasher::new();
    (metadata.len(), metadata.modified().ok(), metadata.created().ok()).hash(&mut hasher);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec(), metadata.mode()).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_of_content_link_or_entry_is_seen_and_reading_is_not() {
        let folder = tempfile::tempdir().expect("a directory");
        let (file, directory) = (folder.path().join("file"), folder.path().join("directory"));
        fs::write(&file, "old").expect("written");
        fs::create_dir(&directory).expect("made");
        fs::write(directory.join("entry"), "old").expect("written");
        let look = || Files::look(vec![file.clone(), directory.clone()]);
        let first = look();
        fs::read(&file).and_then(|_| fs::read(directory.join("entry"))).expect("read");
        assert!(!look().changed_since(&first));

        let replaced = |path: &Path| {
            fs::write(folder.path().join("new"), "old").expect("written");
            fs::rename(folder.path().join("new"), path).expect("renamed");
        };
        let changes: [&dyn Fn(); 5] = [
            &|| fs::write(&file, "longer").expect("written"),
            &|| replaced(&file),
            &|| replaced(&directory.join("entry")),
            &|| fs::write(directory.join("another"), "").expect("written"),
            &|| fs::remove_file(&file).expect("removed"),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let before = look();
            change();
            assert!(look().changed_since(&before), "{index}");
        }
    }

    #[test]
    fn file_that_was_not_looked_at_counts_as_changed_until_it_is() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let look = || Files::look(vec![file.path().to_owned()]);
        let mut known = Files::look(vec!["elsewhere".into()]);
        assert!(look().changed_since(&known));
        known.update(look());
        assert!(!look().changed_since(&known));
        assert!(!Files::default().changed_since(&known));
    }
}
