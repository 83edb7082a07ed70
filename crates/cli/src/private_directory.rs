//! A temporary directory that only its owner can look into.

use tempfile::TempDir;

use crate::failure::Failure;

/// Makes a directory of mode 0700, which is removed when it is dropped.
pub(crate) fn make(prefix: &str) -> Result<TempDir, Failure> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map_err(|source| Failure::File {
        action: "make a directory in",
        path: std::env::temp_dir(),
        source,
    })
}
