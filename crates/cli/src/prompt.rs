//! Questions at the terminal for a password, which is not shown while it is typed.

use std::path::Path;

use digicert_one::Secret;

use crate::failure::Failure;
use crate::signal::Signal;

/// How often a password is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// It opens something that is there.
    Once,
    /// It will protect something new: a slip would lock its owner out.
    Twice,
}

/// Asks for the password of a file. Without a terminal, the error names the option that gives it instead.
pub(crate) async fn password(file: &Path, option: &'static str, ask: Ask) -> Result<Secret, Failure> {
    let shown = file.display().to_string();
    // Restores the terminal if Ctrl-C interrupts the question.
    let _echo = Echo::save();
    let asking = tokio::task::spawn_blocking(move || {
        let once = |words: &str| {
            rpassword::prompt_password(format!("{words} for {shown}: ")).map_err(|error| match error.kind() {
                // Ctrl-C may reach this thread first.
                std::io::ErrorKind::Interrupted => Failure::Interrupted { signal: Signal::Interrupt, changes: false },
                _ => Failure::Usage(format!("no terminal to ask for the password of {shown} ({error}): give {option}")),
            })
        };
        let secret = |text: String| Secret::new(text, "the terminal");
        let first = secret(once("Password")?);
        if first.expose().is_empty() {
            return Err(Failure::Usage("the password is empty".to_owned()));
        }
        if ask == Ask::Twice && secret(once("The same password again")?).expose() != first.expose() {
            return Err(Failure::Usage("the two passwords differ".to_owned()));
        }
        Ok(first)
    });
    asking.await.map_err(|error| Failure::Internal(error.into()))?
}

/// The modes of the terminal before the question.
#[cfg(unix)]
struct Echo(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Echo {
    fn save() -> Self {
        Self(std::fs::File::open("/dev/tty").ok().and_then(|terminal| {
            let modes = rustix::termios::tcgetattr(&terminal).ok()?;
            Some((terminal, modes))
        }))
    }
}

#[cfg(unix)]
impl Drop for Echo {
    fn drop(&mut self) {
        if let Some((terminal, modes)) = &self.0 {
            // Fails where the terminal is gone, which needs no echo.
            let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, modes);
        }
    }
}

#[cfg(not(unix))]
struct Echo;

#[cfg(not(unix))]
impl Echo {
    fn save() -> Self {
        Self
    }
}
