//! The name of this process in Redis: host, process id, and a random part.

use crate::error::{FleetError, FleetErrorKind};

/// `host:process:random`, printable and without `|`.
pub(crate) fn process_name() -> Result<String, FleetError> {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = std::env::var("COMPUTERNAME").unwrap_or_default();
    let is_usual = |character: &char| character.is_ascii_alphanumeric() || "-._".contains(*character);
    let host: String = host.chars().filter(is_usual).take(63).collect();
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|error| {
        FleetError::new(FleetErrorKind::Config, "the system has no random numbers").caused_by(error)
    })?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}:{}:{random}", if host.is_empty() { "host" } else { &host }, std::process::id()))
}
