//! `cargo xtask packages`: the published crates as strangers get them. Each is packaged, unpacked into a workspace of its own beside a
//! program that uses the front door, and built there from the archives alone: a file or a version that a manifest forgets is missing.

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
    let folder = target.join("packages");
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
    let mut check = cargo::command(&["check", "--workspace", "--manifest-path"]);
    succeed(check.arg(folder.join("Cargo.toml")).arg("--target-dir").arg(&target))?;
    println!("packages: {} archives build, and so does a program on them", published.len());
    Ok(())
}

/// The packages that may be published, with their versions.
fn published() -> Result<BTreeMap<String, String>, Failure> {
    let open = cargo::published()?.into_iter();
    Ok(open.map(|package| (package.name.to_string(), package.version.to_string())).collect())
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
    fn archive_without_a_licence_is_refused() {
        let error = must_have(Path::new("/nowhere"), "one").expect_err("nothing is there");
        assert!(error.to_string().contains("README.md"), "{error}");
    }
}
