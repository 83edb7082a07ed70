//! The password of a last resort: from a variable, a file, or whoever sits at the terminal. Never from the command line.

use std::path::{Path, PathBuf};

use digicert_one::Secret;

use crate::failure::Failure;

/// Longer than any password, shorter than a file that was named by mistake.
const LONGEST: u64 = 4096;

/// The password by its reference; without one, whoever sits at the terminal is asked: twice for a file that is to be written.
pub(super) async fn of(reference: Option<&str>, file: &Path, resuming: bool) -> Result<Secret, Failure> {
    let secret = match reference.map(|reference| reference.split_once(':')) {
        Some(Some(("env", name))) if !name.is_empty() => variable(name)?,
        Some(Some(("file", path))) if !path.is_empty() => read(PathBuf::from(path)).await?,
        // It may be the password itself, so it is not repeated.
        Some(_) => {
            let message = "--last-resort-password: it is no reference; write env:NAME or file:PATH";
            return Err(Failure::Usage(message.to_owned()));
        }
        None => ask(file, resuming && file.exists()).await?,
    };
    match secret.expose() {
        [] => Err(Failure::Usage(format!("the password of the last resort, {}, is empty", secret.origin()))),
        _ => Ok(secret),
    }
}

fn variable(name: &str) -> Result<Secret, Failure> {
    match std::env::var_os(name) {
        Some(value) => Ok(Secret::new(value.into_encoded_bytes(), format!("variable {name}"))),
        None => Err(Failure::Usage(format!("--last-resort-password: the variable {name} is not set"))),
    }
}

async fn read(path: PathBuf) -> Result<Secret, Failure> {
    let reading = tokio::task::spawn_blocking(move || {
        use std::io::Read;
        let failed = |source| Failure::File { action: "read the password from", path: path.clone(), source };
        let mut bytes = Vec::new();
        std::fs::File::open(&path).map_err(failed)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LONGEST {
            return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
        }
        // A line end is the editor's.
        for end in [b'\n', b'\r'] {
            if bytes.last() == Some(&end) {
                bytes.pop();
            }
        }
        Ok(Secret::new(bytes, path.display().to_string()))
    });
    reading.await.map_err(|error| Failure::Internal(error.into()))?
}

async fn ask(file: &Path, opens: bool) -> Result<Secret, Failure> {
    let shown = file.display().to_string();
    // Restores the terminal if Ctrl-C cuts the question.
    let _echo = Echo::save();
    let asking = tokio::task::spawn_blocking(move || {
        let once = |words: &str| {
            rpassword::prompt_password(format!("{words} for {shown}: ")).map_err(|error| {
                Failure::Usage(format!(
                    "no terminal to ask for the password of {shown} ({error}): say --last-resort-password"
                ))
            })
        };
        let secret = |text: String| Secret::new(text, "the terminal");
        let first = secret(once("Password")?);
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
