//! A program that runs with variables of ours: its standard streams are those of `d1`, signals are passed on to it, and `d1` ends with its
//! exit code.

use std::ffi::OsString;

use tokio::process::{Child, Command};

use crate::failure::Failure;
use crate::signal::Signal;
use crate::signals::Signals;

/// Variables that are not handed on: they would contradict those that are set here.
const PREFIXES: [&str; 2] = ["DC_", "SM_"];

/// Runs a program and its arguments with these variables, until it ends.
pub(crate) async fn run(
    command: &[OsString],
    variables: Vec<(&str, OsString)>,
    signals: &Signals,
) -> Result<(), Failure> {
    let (program, arguments) =
        command.split_first().ok_or_else(|| Failure::Usage("a program is missing".to_owned()))?;
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let is_ours = |name: &str| PREFIXES.iter().any(|prefix| upper_case(name).starts_with(prefix));
        // Says which host is right, and belongs to no other variable.
        if name.to_str().is_some_and(|name| is_ours(name) && upper_case(name) != "DC_CONFIRM_HOST") {
            command.env_remove(&name);
        }
    }
    command.envs(variables);
    let mut child = command.spawn().map_err(Failure::Program)?;
    let mut received = 0;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(|error| Failure::Internal(error.into()))?,
            signal = signals.after(received) => {
                received += 1;
                pass_on(&mut child, signal);
            }
        }
    };
    match exit_code(status) {
        0 => Ok(()),
        code => Err(Failure::Reported(code)),
    }
}

#[cfg(unix)]
fn pass_on(child: &mut Child, signal: Signal) {
    use rustix::process::{Pid, Signal as Number, kill_process};
    let number = match signal {
        // The terminal sends Ctrl-C to the program, too.
        Signal::Interrupt if is_in_foreground() => return,
        Signal::Interrupt => Number::INT,
        Signal::Terminate => Number::TERM,
        Signal::HangUp => Number::HUP,
    };
    let process = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(process) = process {
        // It may have ended just now.
        let _ = kill_process(process, number);
    }
}

/// Whether this process is in the group that the terminal sends its signals to.
#[cfg(unix)]
fn is_in_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// The console sends Ctrl-C, Ctrl-Break and the end of its window to the program, too.
#[cfg(not(unix))]
fn pass_on(_child: &mut Child, _signal: Signal) {}

/// The name of a variable as this system compares it: Windows ignores the case of its letters.
fn upper_case(name: &str) -> std::borrow::Cow<'_, str> {
    if cfg!(windows) { name.to_uppercase().into() } else { name.into() }
}

/// As shells count: 128 and the number of the signal for a program that one ended.
fn exit_code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().map_or(u8::MAX, |code| u8::try_from(code).unwrap_or(u8::MAX))
}
