//! Runs cargo: always the one that runs us (`CARGO`), always from the root of the workspace, so that there is
//! one target directory and one configuration.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The packages of most steps: without those that switch on, on purpose, features that the others must not see, and without the
/// one whose figures are those of the client without these features.
pub(crate) const NOT_APART: &[&str] = &[
    "--workspace",
    "--exclude",
    "digicert-one-unified",
    "--exclude",
    "digicert-one-bench",
    "--exclude",
    "digicert-one-cost",
];
/// The features of the steps that compile nothing to run: what the one has checked, the other need not.
pub(crate) const CHECKED: &[&str] =
    &["--features", "digicert-one-cli/all-transports,digicert-one-cli/keyring,digicert-one/blocking"];

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The cargo that runs us.
pub(crate) fn path() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A cargo command in the root of the workspace.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.current_dir(root()).args(arguments);
    command
}

/// Where cargo builds.
pub(crate) fn target_directory() -> Result<PathBuf, Failure> {
    let mut metadata = cargo_metadata::MetadataCommand::new();
    metadata.cargo_path(path()).current_dir(root()).no_deps();
    let metadata = metadata.exec().map_err(|error| Failure::new(format_args!("cargo metadata: {error}")))?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The packages that may be published.
pub(crate) fn published() -> Result<Vec<cargo_metadata::Package>, Failure> {
    let mut metadata = cargo_metadata::MetadataCommand::new();
    metadata.cargo_path(path()).current_dir(root()).no_deps();
    let metadata = metadata.exec().map_err(|error| Failure::new(format_args!("cargo metadata: {error}")))?;
    // An empty list is `publish = false`.
    let is_open = |package: &cargo_metadata::Package| package.publish.as_ref().is_none_or(|to| !to.is_empty());
    Ok(metadata.packages.into_iter().filter(is_open).collect())
}

/// The standard output of a cargo command that must succeed.
pub(crate) fn output(arguments: &[&str]) -> Result<String, Failure> {
    let shown = arguments.join(" ");
    let output =
        command(arguments).output().map_err(|error| Failure::new(format_args!("cannot run cargo {shown}: {error}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format_args!("cargo {shown} failed:\n{text}")));
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::new(format_args!("cargo {shown}: {error}")))
}
