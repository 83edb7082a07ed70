//! The password of a last resort: from a variable, a file, or whoever sits at the terminal. Never from the command line.

use std::path::Path;

use digicert_one::Secret;

use crate::failure::Failure;
use crate::reference;
use crate::signal::Signal;

/// The password by its reference; without one, whoever sits at the terminal is asked: twice for a file that is to be written.
pub(super) async fn of(reference: Option<&str>, file: &Path, resuming: bool) -> Result<Secret, Failure> {
    match reference {
        Some(reference) => reference::secret("--last-resort-password", reference).await,
        None => ask(file, resuming && file.exists()).await,
    }
}

async fn ask(file: &Path, opens: bool) -> Result<Secret, Failure> {
    let shown = file.display().to_string();
    // Restores the terminal if Ctrl-C cuts the question.
    let _echo = Echo::save();
    let asking = tokio::task::spawn_blocking(move || {
        let once = |words: &str| {
            rpassword::prompt_password(format!("{words} for {shown}: ")).map_err(|error| match error.kind() {
                // Ctrl-C may reach this thread first.
                std::io::ErrorKind::Interrupted => Failure::Interrupted(Signal::Interrupt),
                _ => Failure::Usage(format!(
                    "no terminal to ask for the password of {shown} ({error}): say --last-resort-password"
                )),
            })
        };
        let secret = |text: String| Secret::new(text, "the terminal");
        let first = secret(once("Password")?);
        if first.expose().is_empty() {
            return Err(Failure::Usage("the password is empty".to_owned()));
        }
        if !opens && secret(once("The same password again")?).expose() != first.expose() {
            return Err(Failure::Usage("the two passwords differ".to_owned()));
        }
        Ok(first)
    });
    asking.await.map_err(|error| Failure::Internal(error.into()))?
}

/// The terminal as it was before it was told not to show what is typed.
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
            // Whoever took the terminal away needs no echo.
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
