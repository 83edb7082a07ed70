//! The five stacks that every long run and every table has: four transports, and isahc's second engine, which is a build of
//! its own.

use crate::cargo;
use crate::failure::Failure;

/// One stack: its name, and how its tests are built.
pub(crate) struct Stack {
    /// As tables name it.
    pub name: &'static str,
    /// The arguments that choose package and features.
    pub build: &'static [&'static str],
}

/// Every stack, in the order of the tables.
pub(crate) const STACKS: &[Stack] = &[
    Stack { name: "rustls", build: &["--package", "digicert-one-rustls"] },
    Stack { name: "reqwest", build: &["--package", "digicert-one-reqwest"] },
    Stack { name: "native-tls", build: &["--package", "digicert-one-native-tls"] },
    Stack { name: "isahc", build: &["--package", "digicert-one-isahc"] },
    Stack {
        name: "isahc-openssl",
        build: &["--package", "digicert-one-isahc", "--no-default-features", "--features", "openssl-engine"],
    },
];

impl Stack {
    /// Runs one of its test binaries with these arguments and variables, and shows what it prints.
    pub(crate) fn test(
        &self,
        binary: &str,
        arguments: &[&str],
        release: bool,
        variables: &[(&str, String)],
    ) -> Result<(), Failure> {
        let mut command = cargo::command(&["test"]);
        command.args(self.build).args(["--test", binary]);
        if release {
            command.arg("--release");
        }
        command.args(["--", "--nocapture"]).args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
        let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(format_args!("{}: the test {binary} failed", self.name))),
        }
    }
}
