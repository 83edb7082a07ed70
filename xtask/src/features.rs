//! `cargo xtask features`: every published crate with no feature, with each alone and with each pair. Features add, so any set must build,
//! but for the two crates that need one of their features and say so.

use std::process::Stdio;

use cargo_metadata::MetadataCommand;

use crate::cargo;
use crate::failure::Failure;

/// Which crates to check.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// This package alone
    #[arg(long, value_name = "PACKAGE")]
    package: Option<String>,
}

/// isahc itself cannot be built with both, and says so (docs/decisions/0004-isahc.md).
const EXCLUSIVE: [&str; 2] = ["openssl-engine", "rustls-engine"];

/// Nothing without a TLS library, which their build says.
const NEED_ONE: [&str; 2] = ["digicert-one-isahc", "digicert-one-rustls"];

/// Checks each set; continues after a failure and lists all failures at the end.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let metadata = MetadataCommand::new()
        .cargo_path(cargo::path())
        .current_dir(cargo::root())
        .no_deps()
        .exec()
        .map_err(|error| Failure::new(format_args!("cargo metadata: {error}")))?;
    let (mut failed, mut count) = (Vec::new(), 0);
    for package in &metadata.packages {
        let wanted = arguments.package.as_ref().is_none_or(|name| *name == package.name.as_str());
        if !wanted || package.publish.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let features: Vec<&str> =
            package.features.keys().map(String::as_str).filter(|name| *name != "default").collect();
        for set in sets(&features) {
            count += 1;
            let list = set.join(",");
            println!("{} [{list}]", package.name);
            let name = package.name.to_string();
            let mut check = cargo::command(&["check", "--quiet", "--no-default-features", "--package", &name]);
            let output = check.args(["--features", &list]).stdout(Stdio::inherit()).output();
            let output = output.map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
            let errors = String::from_utf8_lossy(&output.stderr);
            let is_right = if set.is_empty() && NEED_ONE.contains(&&*name) {
                !output.status.success() && errors.contains("needs one of its features")
            } else {
                eprint!("{errors}");
                output.status.success()
            };
            if !is_right {
                failed.push(format!("{name} [{list}]"));
            }
        }
    }
    if failed.is_empty() && count > 0 {
        println!("features: {count} sets build, or say what they need");
        return Ok(());
    }
    Err(Failure::new(format_args!(
        "features: {} of {count} sets do not build:\n  {}",
        failed.len(),
        failed.join("\n  ")
    )))
}

/// No feature, each alone, each pair; but not the two that exclude each other.
fn sets<'a>(features: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut sets = vec![Vec::new()];
    for (index, &one) in features.iter().enumerate() {
        sets.push(vec![one]);
        sets.extend(features[index + 1..].iter().map(|&other| vec![one, other]));
    }
    sets.retain(|set| !EXCLUSIVE.iter().all(|name| set.contains(name)));
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_none_each_and_each_pair_without_the_exclusive_one() {
        assert_eq!(sets(&["a", "b"]), [vec![], vec!["a"], vec!["a", "b"], vec!["b"]]);
        assert!(!sets(&EXCLUSIVE).contains(&EXCLUSIVE.to_vec()));
    }
}
