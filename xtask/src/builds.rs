//! `cargo xtask builds`: what a transport costs at build time. The same small program over raw reqwest and over each transport, each in
//! a target directory of its own: the CPU time of a clean release build and the size of the stripped binary, for docs/tls-stacks.md.
//!
//! CPU time and not wall time: it is that of all processes of the build, and depends less on the number of cores and on what else runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::cargo;
use crate::failure::Failure;

/// Read by `cargo xtask guide`.
pub(crate) const FIGURES: &str = "docs/builds.json";

/// The name that the guide shows, the dependencies, and the call.
struct Program {
    name: &'static str,
    dependencies: String,
    call: &'static str,
}

const THREE_LINES: &str = "println!(\"{}\", digicert_one::from_env()?.whoami().await?);";

fn programs() -> Vec<Program> {
    let of_ours = |name, feature: &str| Program {
        name,
        dependencies: format!(
            "digicert-one = {{ path = {:?}, default-features = false, features = [\"{feature}\", \"sources\", \"account\"] }}",
            cargo::root().join("crates/digicert-one")
        ),
        call: THREE_LINES,
    };
    vec![
        Program {
            name: "reqwest + rustls",
            dependencies:
                "reqwest = { version = \"0.13\", default-features = false, features = [\"rustls\", \"http2\"] }"
                    .to_owned(),
            call: "println!(\"{}\", reqwest::get(std::env::var(\"DC_BASE\")?).await?.text().await?);",
        },
        of_ours("rustls", "rustls"),
        of_ours("reqwest", "reqwest"),
        of_ours("native-tls", "native-tls-vendored"),
        of_ours("isahc", "isahc"),
    ]
}

/// Builds each and writes the figures.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = cargo::target_directory()?.join("builds");
    let mut figures = BTreeMap::new();
    for program in programs() {
        let (seconds, kib) = program.build(&folder.join("program"))?;
        println!("{:17} {seconds:6.0} s of CPU {:6.1} MiB", program.name, kib as f64 / 1024.0);
        figures.insert(program.name, json!({ "cpu_seconds": seconds.round(), "binary_kib": kib }));
    }
    let text =
        serde_json::to_string_pretty(&figures).map_err(|error| Failure::new(format_args!("{FIGURES}: {error}")))?;
    fs::write(cargo::root().join(FIGURES), text + "\n").map_err(|error| about(Path::new(FIGURES), &error))
}

impl Program {
    /// Returns the CPU seconds of a clean release build and the KiB of its binary.
    fn build(&self, folder: &Path) -> Result<(f64, u64), Failure> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|error| about(folder, &error))?;
        }
        let source = folder.join("src");
        fs::create_dir_all(&source).map_err(|error| about(&source, &error))?;
        let manifest = format!(
            "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[profile.release]\nstrip = true\n\n\
             [dependencies]\n{}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n",
            self.dependencies
        );
        let main = format!(
            "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    {}\n    Ok(())\n}}\n",
            self.call
        );
        for (file, text) in [("Cargo.toml", manifest), ("src/main.rs", main)] {
            fs::write(folder.join(file), text).map_err(|error| about(&folder.join(file), &error))?;
        }
        // The versions of this workspace; what the program does not use, cargo drops.
        fs::copy(cargo::root().join("Cargo.lock"), folder.join("Cargo.lock")).map_err(|error| about(folder, &error))?;
        let before = children_seconds()?;
        let status = cargo::command(&["build", "--release", "--quiet", "--manifest-path"])
            .arg(folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .status()
            .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
        if !status.success() {
            return Err(Failure::new(format_args!("the program over {} does not build", self.name)));
        }
        let seconds = children_seconds()? - before;
        let binary = folder.join("target/release/program");
        let size = fs::metadata(&binary).map_err(|error| about(&binary, &error))?.len();
        Ok((seconds, size / 1024))
    }
}

/// The CPU time of all processes that ended below this one, as Linux counts it: in hundredths of a second.
fn children_seconds() -> Result<f64, Failure> {
    let path = Path::new("/proc/self/stat");
    let text = fs::read_to_string(path).map_err(|error| about(path, &error))?;
    // After the name, which may have blanks, come fields 3 and up; 16 and 17 are the times of children (proc_pid_stat(5)).
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<f64>().ok());
    match (ticks(16), ticks(17)) {
        (Some(user), Some(system)) => Ok((user + system) / 100.0),
        _ => Err(Failure::new(format_args!("{}: no times of children", path.display()))),
    }
}

fn about(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format_args!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_children_grow_with_a_child() {
        let before = children_seconds().expect("Linux");
        let done = std::process::Command::new(cargo::path()).arg("--version").output().expect("cargo runs");
        assert!(done.status.success());
        assert!(children_seconds().expect("Linux") >= before);
    }
}
