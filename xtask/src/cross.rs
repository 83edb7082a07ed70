//! A Rust toolchain that builds for another system: one with the standard library of that target, or one with the source of the
//! standard library, which cargo then compiles first (`-Z build-std`, which needs `RUSTC_BOOTSTRAP=1` on a stable toolchain).
//!
//! It builds into a directory of its own, since that variable changes what build scripts detect.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::failure::Failure;

/// The target of mingw.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// Cargo and rustc of one installation.
#[derive(Debug)]
pub(crate) struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    compiles_std: bool,
}

impl Toolchain {
    /// Finds the toolchain that runs us, or the one of the system.
    ///
    /// # Errors
    /// Returns an error if neither builds for the target; it names the packages to install.
    pub(crate) fn find(target: &str) -> Result<Self, Failure> {
        let running = (PathBuf::from(cargo::path()), running_rustc());
        let system = (PathBuf::from("/usr/bin/cargo"), PathBuf::from("/usr/bin/rustc"));
        for (cargo, rustc) in [running, system] {
            let Some(sysroot) = sysroot(&rustc) else { continue };
            let libraries = sysroot.join("lib/rustlib");
            let has_std = libraries.join(target).join("lib").is_dir();
            if has_std || libraries.join("src/rust/library/std").is_dir() {
                return Ok(Self { cargo, rustc, compiles_std: !has_std });
            }
        }
        Err(Failure::new(format_args!(
            "no Rust toolchain builds for {target}; install one of: `rustup target add {target}`, `rustup component add rust-src`, \
             or on Debian the packages rustc-web, cargo-web and rust-web-src"
        )))
    }

    /// Returns a cargo command of this toolchain that builds for the target.
    pub(crate) fn command(&self, subcommand: &str, target: &str) -> Result<Command, Failure> {
        let mut command = Command::new(&self.cargo);
        command.current_dir(cargo::root()).args([subcommand, "--target", target]);
        command.arg("--target-dir").arg(target_directory()?).env("RUSTC", &self.rustc);
        // Nothing here is debugged, and linking is most of the work.
        command.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "0");
        if self.compiles_std {
            command.arg("-Zbuild-std").env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(command)
    }

    /// Returns the version of the compiler.
    pub(crate) fn version(&self) -> String {
        printed(Command::new(&self.rustc).arg("--version")).unwrap_or_else(|| "rustc".to_owned())
    }
}

/// Where builds for other systems go: `CROSS_TARGET_DIR`, or a folder of the target directory.
pub(crate) fn target_directory() -> Result<PathBuf, Failure> {
    match std::env::var_os("CROSS_TARGET_DIR") {
        Some(directory) => Ok(directory.into()),
        None => Ok(cargo::target_directory()?.join("cross")),
    }
}

/// Returns whether a program is installed, as a name in PATH or as a path.
pub(crate) fn is_installed(program: &str) -> bool {
    let is_there = |directory: PathBuf| directory.join(program).is_file();
    match Path::new(program).is_absolute() {
        true => Path::new(program).is_file(),
        false => std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(is_there)),
    }
}

/// The compiler beside the cargo that runs us.
fn running_rustc() -> PathBuf {
    let beside = Path::new(&cargo::path()).with_file_name("rustc");
    if beside.is_file() { beside } else { PathBuf::from("rustc") }
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    printed(Command::new(rustc).args(["--print", "sysroot"])).map(PathBuf::from)
}

/// The first line of what a command prints, if it succeeds.
fn printed(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchain_without_the_target_is_refused_with_what_to_install() {
        let error = Toolchain::find("pdp11-unknown-unix").map(|found| found.compiles_std);
        // With the source, any target is worth a try.
        assert!(
            error.as_ref().is_ok_and(|compiles_std| *compiles_std)
                || error.is_err_and(|error| error.to_string().contains("rust-web-src"))
        );
    }

    #[test]
    fn program_that_is_not_installed_is_reported() {
        assert!(!is_installed("no-such-program") && !is_installed("/no/such/program"));
    }
}
