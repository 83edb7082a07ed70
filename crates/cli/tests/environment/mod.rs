//! The environment of a `d1` under test: nothing in it is the developer's.

use std::process::Command;

/// Takes away the variables that `d1` reads, and the places where it looks for files. What a test sets comes after this.
pub(crate) fn cleared(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("DC_") || name.starts_with("SM_") {
            command.env_remove(&*name);
        }
    }
    for name in ["APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env("USERPROFILE", "/nonexistent")
}
