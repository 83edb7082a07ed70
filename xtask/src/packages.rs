//! `cargo xtask packages`: the published crates as strangers get them. Each is packaged, unpacked into a workspace of its own beside a
//! program that uses the front door, and built there from the archives alone: a file or a version that a manifest forgets is missing. The
//! path has blanks and letters beyond ASCII, there is no home directory, and a build that changes its source fails, as it would where the
//! source is read-only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::failure::Failure;

/// The program of a user who has the archives and nothing else.
const PROGRAM: &str = r#"//! The three-line program, from the packages.
#[tokio::main]
async fn main() -> Result<(), digicert_one::Error> {
    let one = digicert_one::from_env()?;
    println!("{}", one.whoami().await?);
    Ok(())
}
"#;

const PROGRAM_MANIFEST: &str = r#"[package]
name = "program"
version = "0.0.0"
edition = "2024"

[dependencies]
digicert-one = { version = "VERSION", features = ["blocking", "csc", "metrics", "native-tls-vendored", "provisioning", "tower"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
"#;

/// Packages, unpacks and checks.
pub(crate) fn run() -> Result<(), Failure> {
    let published = published()?;
    let mut packaging = cargo::command(&["package", "--no-verify", "--allow-dirty", "--quiet"]);
    for name in published.keys() {
        packaging.args(["--package", name]);
    }
    succeed(&mut packaging)?;
    let target = cargo::target_directory()?;
    let folder = target.join("the packages, né à côté");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| about("empty", &folder, error))?;
    }
    fs::create_dir_all(folder.join("program/src")).map_err(|error| about("make", &folder, error))?;
    let mut members = String::new();
    let mut patches = String::new();
    for (name, version) in &published {
        // Archives carry one fixed date: without -m, cargo would take a changed package for the one it built before.
        let archive = target.join("package").join(format!("{name}-{version}.crate"));
        succeed(Command::new("tar").arg("-xzmf").arg(&archive).arg("-C").arg(&folder))?;
        must_have(&folder.join(format!("{name}-{version}")), name)?;
        let _ = write!(members, ", \"{name}-{version}\"");
        let _ = writeln!(patches, "{name} = {{ path = \"{name}-{version}\" }}");
    }
    let version = published.get("digicert-one").ok_or_else(|| Failure::new("missing package digicert-one"))?;
    let root =
        format!("[workspace]\nresolver = \"3\"\nmembers = [\"program\"{members}]\n\n[patch.crates-io]\n{patches}");
    let files = [
        ("Cargo.toml", root),
        ("program/Cargo.toml", PROGRAM_MANIFEST.replace("VERSION", version)),
        ("program/src/main.rs", PROGRAM.to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).map_err(|error| about("write", &folder.join(name), error))?;
    }
    // The versions that were tested, where the archives leave a choice.
    fs::copy(cargo::root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| about("copy to", &folder, error))?;
    let before = sizes(&folder)?;
    let mut check = cargo::command(&["check", "--workspace", "--manifest-path"]);
    succeed(without_home(&mut check).arg(folder.join("Cargo.toml")).arg("--target-dir").arg(&target))?;
    if let Some(changed) = changed(&before, &sizes(&folder)?) {
        return Err(Failure::new(format_args!("the build has changed its own source: {}", changed.display())));
    }
    println!("packages: {} archives build, and so does a program on them", published.len());
    Ok(())
}

/// The packages that may be published, with their versions.
fn published() -> Result<BTreeMap<String, String>, Failure> {
    let open = cargo::published()?.into_iter();
    Ok(open.map(|package| (package.name.to_string(), package.version.to_string())).collect())
}

/// Removes the home directory from a command of cargo, which itself has its folders there.
fn without_home(command: &mut Command) -> &mut Command {
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(variable).is_none() {
                command.env(variable, home.join(folder));
            }
        }
    }
    command.env_remove("HOME")
}

/// The sizes of all files below a folder.
fn sizes(folder: &Path) -> Result<BTreeMap<PathBuf, u64>, Failure> {
    let unread = |error| about("read", folder, error);
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let metadata = entry.metadata().map_err(unread)?;
        match metadata.is_dir() {
            true => found.append(&mut sizes(&entry.path())?),
            false => drop(found.insert(entry.path(), metadata.len())),
        }
    }
    Ok(found)
}

/// A file that is new, gone or of another size. Cargo itself may write the lock file.
fn changed(before: &BTreeMap<PathBuf, u64>, after: &BTreeMap<PathBuf, u64>) -> Option<PathBuf> {
    let is_other = |path: &&PathBuf| before.get(*path) != after.get(*path) && !path.ends_with("Cargo.lock");
    before.keys().chain(after.keys()).find(is_other).cloned()
}

/// What every archive must hold.
fn must_have(folder: &Path, name: &str) -> Result<(), Failure> {
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let path: PathBuf = folder.join(file);
        if !fs::read_to_string(&path).is_ok_and(|text| !text.trim().is_empty()) {
            return Err(Failure::new(format_args!("the package of {name} has no {file}")));
        }
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let shown = format!("{command:?}");
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run {shown}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format_args!("failed: {shown}"))) }
}

fn about(what: &str, path: &Path, error: std::io::Error) -> Failure {
    Failure::new(format_args!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_packages_are_the_crates_and_not_the_tests() {
        let published = published().expect("metadata");
        assert!(published.contains_key("digicert-one") && published.contains_key("digicert-one-cli"), "{published:?}");
        assert!(!published.contains_key("xtask") && !published.contains_key("digicert-one-unified"), "{published:?}");
    }

    #[test]
    fn file_that_a_build_adds_or_changes_is_found() {
        let files = |files: &[(&str, u64)]| files.iter().map(|(path, size)| (PathBuf::from(path), *size)).collect();
        let before = files(&[("a/src/lib.rs", 7), ("Cargo.lock", 7)]);
        assert_eq!(changed(&before, &files(&[("a/src/lib.rs", 7), ("Cargo.lock", 8)])), None);
        for after in [&[("a/src/lib.rs", 8)][..], &[("a/src/lib.rs", 7), ("a/src/made.rs", 1)], &[]] {
            assert!(changed(&before, &files(after)).is_some(), "{after:?}");
        }
        assert!(
            sizes(&cargo::root().join("xtask/src")).expect("read").keys().any(|path| path.ends_with("windows/wine.rs"))
        );
    }

    #[test]
    fn archive_without_a_licence_is_refused() {
        let error = must_have(Path::new("/nowhere"), "one").expect_err("nothing is there");
        assert!(error.to_string().contains("README.md"), "{error}");
    }
}
