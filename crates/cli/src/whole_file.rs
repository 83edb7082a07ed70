//! Files that appear whole or not at all: written under another name in the same directory, synced, and renamed.

use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner: mode 0600.
    Owner,
    /// Everyone: mode 0644.
    All,
}

/// How an existing file of that name is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays, and writing fails with `AlreadyExists`.
    Refuse,
    /// It is replaced.
    Replace,
}

impl Existing {
    /// As `--force` says.
    pub(crate) fn forced(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

/// Writes a file. Programs that read it meanwhile see the previous content.
pub(crate) fn write_whole(path: &Path, content: &[u8], readers: Readers, existing: Existing) -> std::io::Result<()> {
    persist(prepare(path, content, readers)?, path, existing)
}

/// The content on the disk, under another name, which is removed if it is dropped.
pub(crate) fn prepare(path: &Path, content: &[u8], readers: Readers) -> std::io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".d1-");
    #[cfg(unix)]
    if readers == Readers::All {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = readers;
    // Says best that it is missing. The other errors would name the temporary file.
    std::fs::metadata(directory)?;
    let mut file = builder.tempfile_in(directory).map_err(|error| error.kind())?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives it its name.
pub(crate) fn persist(file: NamedTempFile, path: &Path, existing: Existing) -> std::io::Result<()> {
    let persisted = match existing {
        Existing::Replace => file.persist(path),
        Existing::Refuse => file.persist_noclobber(path),
    };
    persisted.map(drop).map_err(|error| error.error)
}
