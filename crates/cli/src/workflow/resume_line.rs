//! The command that resumes an interrupted one: the same store, journal and caller, quoted for a shell.

use std::ffi::OsStr;
use std::path::Path;

use clap::ValueEnum;

use crate::arguments::{ConnectionOptions, RootList, SecretStoreOptions};

pub(super) fn of(store: &SecretStoreOptions, connection: &ConnectionOptions, journal: &Path) -> String {
    let mut line = Line("d1 resume".to_owned());
    line.option("--journal", Some(journal));
    line.option("--store", Some(store.store.typed()));
    line.option("--read-back-command", store.read_back_command.as_ref());
    line.option("--last-resort", store.last_resort.as_ref());
    // By now it is a reference, and no password.
    line.option("--last-resort-password", store.last_resort_password.as_ref());
    line.option("--lock", store.lock.as_ref());
    line.option("--lock-name", store.lock_name.as_ref());
    let setup = &connection.setup;
    let mode = setup.mode.and_then(|mode| Some(mode.to_possible_value()?.get_name().to_owned()));
    line.option("--profile", setup.profile.as_ref());
    line.option("--mode", mode);
    line.option("--base", setup.base.as_ref());
    line.option("--clientauth-base", setup.clientauth_base.as_ref());
    line.option("--confirm-host", setup.confirm_host.as_ref());
    line.option("--ca-file", setup.ca_file.as_ref());
    line.option("--transport", connection.transport.as_ref());
    let roots = Some(connection.roots).filter(|roots| *roots != RootList::default());
    line.option("--roots", roots.and_then(|roots| Some(roots.to_possible_value()?.get_name().to_owned())));
    line.option("--limiter", connection.limiter.limiter.as_ref());
    line.option("--limiter-password", connection.limiter.limiter_password.as_ref());
    for rate in &connection.limiter.limiter_rate {
        line.option("--limiter-rate", Some(rate.to_string()));
    }
    line.flag("--http1", connection.http1);
    line.flag("--no-retry", connection.no_retry);
    line.0
}

struct Line(String);

impl Line {
    fn option(&mut self, name: &str, value: Option<impl AsRef<OsStr>>) {
        let Some(value) = value else { return };
        let text = value.as_ref().to_string_lossy();
        // No argument has the one character that cannot be quoted.
        let quoted = shlex::try_quote(&text).map(std::borrow::Cow::into_owned).unwrap_or_default();
        self.flag(&format!("{name} {quoted}"), true);
    }

    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.0.push(' ');
            self.0.push_str(name);
        }
    }
}
