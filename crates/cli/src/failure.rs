//! Every way in which a command fails, with its diagnosis and its exit code. The codes are documented in `d1 --help` and stable.

use std::path::{Path, PathBuf};

use digicert_one::core::diagnosis::{Code, Diagnosis, Side};
use digicert_one::core::{CredentialError, Warning};
use digicert_one::provisioning::{IssueError, IssueErrorKind, StoreError, StoreErrorKind};
use digicert_one::{ConfigError, ErrorKind, Position, credentials::shown_path};
use digicert_one_emulator::EmulatorError;
use http::StatusCode;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::error_response::ErrorResponse;
use crate::signal::Signal;
use crate::workflow::{self, InterruptedTask, Issue};

/// A command that failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Setup(#[from] ConfigError),
    #[error("{0}")]
    Call(#[from] digicert_one::Error),
    /// An error response that was shown, too.
    #[error("{}", .0.diagnosis.summary)]
    ErrorResponse(Box<ErrorResponse>),
    /// A call whose body had not ended when the time for the whole call ran out.
    #[error("the response did not end within {} seconds", .0.as_secs())]
    TooLate(std::time::Duration),
    /// A list that broke off, and where.
    #[error("{error}")]
    List { error: digicert_one::Error, position: Position, given: Given },
    /// A task about a service user that did not come to its end.
    #[error("{}", .0.error)]
    Issue(Issue),
    /// The same, at a signal.
    #[error("interrupted{}", .0.step.map(|step| format!(" at the step {step}")).unwrap_or_default())]
    TaskInterrupted(InterruptedTask),
    /// A command line that cannot be understood, and what to type.
    #[error("{summary}")]
    CommandLine { summary: String, hint: String },
    /// A filter of `--jq` that cannot be read, or fails.
    #[cfg(feature = "jq")]
    #[error("--jq: {0}")]
    Filter(#[from] crate::jq::JqError),
    /// A combination of options that cannot be.
    #[error("{0}")]
    Usage(String),
    #[error("service user {0:?} not found, or not visible to this caller")]
    NoSuchUser(String),
    /// A signing credential that has no algorithm that can be used.
    #[error("{0}")]
    NoAlgorithm(String),
    #[error("{0}")]
    Emulator(#[from] EmulatorError),
    #[error("cannot {action} {}: {source}", shown(.path))]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Demo(String),
    /// A certificate file that cannot be used, and the options that give its password.
    #[error("{0}")]
    CertificateFile(CredentialError),
    /// A file with certificates alone where a client certificate is needed.
    #[error("{0}")]
    NoPrivateKey(CredentialError),
    /// A credential that can be read, and that a server would refuse.
    #[error("{}: {}", .0.origin, .0.text)]
    Unfit(Warning),
    /// A program that cannot be started.
    #[error("cannot run the program: {0}")]
    Program(std::io::Error),
    /// The file of a last resort that cannot be opened.
    #[error("{0}")]
    Recover(StoreError),
    /// The Redis of a fleet that cannot be used.
    #[cfg(feature = "redis")]
    #[error("{0}")]
    Limiter(digicert_one::redis::FleetError),
    /// A path that is taken.
    #[error("{} exists", shown(.0))]
    Exists(PathBuf),
    /// A file for a new credential that holds something.
    #[error("{} exists and is not empty", shown(.0))]
    Taken(PathBuf),
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
    /// A failure that is part of what was printed, and its exit code.
    #[error("see above")]
    Reported(u8),
    /// A failure under `--nagios`, with the status that a plugin has for it.
    #[error("{failure}")]
    Plugin { failure: Box<Failure>, status: u8 },
    #[error("interrupted")]
    Interrupted { signal: Signal, changes: bool },
    #[error("{0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// Items that a list gave before it failed.
#[derive(Debug)]
pub(crate) enum Given {
    Nothing,
    /// Lines or a table, on standard output.
    Printed,
    /// Fields beside the error in the document of `--json`.
    Items(Vec<Box<RawValue>>),
}

/// A path, or words in its place where it may be a secret.
fn shown(path: &Path) -> String {
    shown_path(path).unwrap_or_else(|| "a path that is not shown, as it may be a secret".to_owned())
}

impl Failure {
    /// The text to print: the diagnosis, and below it the chain of causes.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Call(error) => error.diagnosis().clone(),
            Self::ErrorResponse(response) => response.diagnosis.clone(),
            Self::List { error, position, given } => resumed(error.diagnosis().clone(), position, given),
            Self::Setup(error) => of_setup(error),
            Self::Emulator(error) => {
                let mut diagnosis = Diagnosis::new(of_emulator(error), error.to_string(), "the emulator did not start");
                if matches!(error, EmulatorError::NotLoopback(_)) {
                    "use 127.0.0.1 or ::1, or give --reachable-by-others and --i-know-the-keys-are-public as well"
                        .clone_into(&mut diagnosis.remedy);
                }
                diagnosis
            }
            // Refused here, and not by the system: the text says why, and what to do.
            Self::File { action, source, .. }
                if source.kind() == std::io::ErrorKind::InvalidInput && source.get_ref().is_some() =>
            {
                let mut diagnosis = Diagnosis::new(of_action(action), self.to_string(), "");
                diagnosis.remedy.clear();
                diagnosis
            }
            Self::File { action, .. } => Diagnosis::of(of_action(action), self.to_string()),
            Self::Output(_) => Diagnosis::of(Code::IO_01, self.to_string()),
            Self::CertificateFile(error) => {
                let mut diagnosis = Diagnosis::of(error.code(), self.to_string());
                let remedy = match error.code() {
                    Code::ID_02 => "give its password with --input-password env:NAME or --input-password file:PATH",
                    Code::ID_03 => {
                        "check which file the password of --input-password belongs to; it may end in a blank, or be in another encoding"
                    }
                    _ => return diagnosis,
                };
                remedy.clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::NoPrivateKey(error) => {
                let mut diagnosis = Diagnosis::of(error.code(), self.to_string());
                "give the file with the key with --private-key".clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::Program(_) => {
                let mut diagnosis = Diagnosis::of(Code::CFG_01, self.to_string());
                "name a program of PATH, or give its path, after --".clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::Unfit(warning) => Diagnosis::of(warning.code, self.to_string()),
            Self::Recover(error) => of_recovery(error),
            #[cfg(feature = "redis")]
            Self::Limiter(error) => Diagnosis::of(error.code(), self.to_string()),
            Self::Exists(_) => {
                let mut diagnosis = Diagnosis::new(Code::IO_01, self.to_string(), "it would be overwritten");
                "name another file, or replace it with --force".clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::Taken(_) => {
                let cause = "a new credential would replace what it holds; a previous credential would stay enabled on the platform";
                let mut diagnosis = Diagnosis::new(Code::CFG_06, self.to_string(), cause);
                "use another path; to replace the credential of this caller, use d1 token rotate or d1 cert rotate; if it is no longer \
                 used, remove the file"
                    .clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::Issue(issue) => workflow::diagnosis(&issue.error, &issue.resume),
            Self::TaskInterrupted(interrupted) => {
                let cause = format!("{} ended the command", interrupted.signal.name());
                let mut diagnosis = Diagnosis::new(Code::CFG_04, self.to_string(), cause);
                diagnosis.remedy = match &interrupted.resume {
                    Some(resume) => format!("resume with: {resume}"),
                    None => "nothing was begun; run it again".to_owned(),
                };
                diagnosis
            }
            Self::Interrupted { signal, changes } => {
                let (may, remedy) = match changes {
                    true => (
                        "; a call that was under way may have been processed",
                        "check whether the call had its effect before you run it again",
                    ),
                    false => ("", "run it again"),
                };
                let cause = format!("{} ended the command{may}", signal.name());
                let mut diagnosis = Diagnosis::new(Code::CFG_04, self.to_string(), cause);
                remedy.clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::CommandLine { hint, .. } => {
                let mut diagnosis = Diagnosis::of(Code::CFG_01, self.to_string());
                if !hint.is_empty() {
                    diagnosis.remedy = hint.clone();
                }
                diagnosis
            }
            Self::Usage(_) => Diagnosis::of(Code::CFG_01, self.to_string()),
            #[cfg(feature = "jq")]
            Self::Filter(_) => {
                let mut diagnosis = Diagnosis::of(Code::CFG_01, self.to_string());
                "change the filter; try it without --jq to see what it is given".clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::TooLate(_) => Diagnosis::new(
                Code::NET_08,
                format!("{self}."),
                "the response began, and its body did not end within the time for the whole call (--timeout)",
            ),
            Self::NoSuchUser(_) => Diagnosis::of(Code::API_02, self.to_string()),
            Self::NoAlgorithm(_) => {
                let cause =
                    "d1 signs by the algorithms that the response of credentials/info lists (key.algo): RSA, or ECDSA";
                let mut diagnosis = Diagnosis::new(Code::AUT_05, self.to_string(), cause);
                "see d1 csc list for other credentials, or ask the operator of the service"
                    .clone_into(&mut diagnosis.remedy);
                diagnosis
            }
            Self::Plugin { failure, .. } => failure.diagnosis(),
            _ => Diagnosis::of(Code::CFG_04, self.to_string()),
        }
    }

    /// The library errors below the diagnosis, outermost first.
    pub(crate) fn causes(&self) -> Vec<String> {
        #[cfg(feature = "redis")]
        if let Self::Limiter(error) = self {
            return digicert_one::core::causes(error).skip(1).map(ToString::to_string).collect();
        }
        if let Self::Plugin { failure, .. } = self {
            return failure.causes();
        }
        let (Self::Call(error) | Self::List { error, .. }) = self else { return Vec::new() };
        let mut texts: Vec<String> = digicert_one::core::causes(error).skip(1).map(ToString::to_string).collect();
        texts.dedup();
        texts.retain(|text| !error.diagnosis().summary.contains(text));
        texts
    }

    /// The exit code, as `d1 --help` documents it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) | Self::Emulator(_) | Self::File { .. } | Self::Output(_) => 3,
            Self::CertificateFile(_) | Self::NoPrivateKey(_) | Self::Unfit(_) => 3,
            Self::Recover(_) | Self::Exists(_) | Self::Taken(_) => 3,
            #[cfg(feature = "redis")]
            Self::Limiter(_) => 4,
            Self::Reported(code) | Self::Plugin { status: code, .. } => *code,
            Self::Call(error) | Self::List { error, .. } => of_call(error),
            Self::ErrorResponse(response) => of_status(response.status).unwrap_or(9),
            Self::Issue(issue) => of_issue(&issue.error),
            Self::Usage(_) | Self::CommandLine { .. } => 2,
            #[cfg(feature = "jq")]
            Self::Filter(_) => 2,
            // As shells count.
            Self::Program(error) => {
                if error.kind() == std::io::ErrorKind::NotFound {
                    127
                } else {
                    126
                }
            }
            Self::TooLate(_) => 4,
            Self::NoSuchUser(_) | Self::NoAlgorithm(_) => 9,
            Self::Interrupted { signal, .. } => signal.exit_code(),
            Self::TaskInterrupted(interrupted) => interrupted.signal.exit_code(),
            Self::Demo(_) | Self::Internal(_) => 1,
        }
    }
}

impl From<ErrorResponse> for Failure {
    fn from(response: ErrorResponse) -> Self {
        Self::ErrorResponse(Box::new(response))
    }
}

fn of_call(error: &digicert_one::Error) -> u8 {
    let by_status = error.status().and_then(of_status);
    by_status.unwrap_or_else(|| match error.kind() {
        ErrorKind::Platform | ErrorKind::Decode | ErrorKind::NotShown => 9,
        _ if error.diagnosis().side() == Side::Local => 3,
        ErrorKind::Paging => 9,
        _ => 4,
    })
}

/// The statuses that have an exit code of their own.
fn of_status(status: StatusCode) -> Option<u8> {
    match status.as_u16() {
        401 => Some(5),
        403 => Some(6),
        429 | 503 => Some(7),
        _ => None,
    }
}

/// The code of a failed operation on a file.
fn of_action(action: &str) -> Code {
    match action {
        // A password, or another secret that an option names by where it is.
        secret if secret.starts_with("read the secret") => Code::ID_13,
        read if read.starts_with("read") => Code::IO_02,
        _ => Code::IO_01,
    }
}

fn of_recovery(error: &StoreError) -> Diagnosis {
    let (code, cause, remedy) = match error.kind() {
        StoreErrorKind::WrongPassword => (
            Code::ID_03,
            "the password is not the one that the file was written with, or the file was changed since",
            "give the password that --last-resort-password named when the file was written",
        ),
        StoreErrorKind::Unexpected => (
            Code::IO_02,
            "docs/last-resort-file.md describes the files that d1 opens",
            "name the file that --last-resort named, whole and unchanged",
        ),
        _ => (Code::IO_02, "the file cannot be read", "check the path and its permissions"),
    };
    let mut diagnosis = Diagnosis::new(code, error.to_string(), cause);
    remedy.clone_into(&mut diagnosis.remedy);
    diagnosis
}

fn of_emulator(error: &EmulatorError) -> Code {
    match error {
        EmulatorError::StateNotWritten { .. } => Code::IO_01,
        EmulatorError::StateNotRead { .. }
        | EmulatorError::StateMalformed { .. }
        | EmulatorError::StateVersion { .. } => Code::IO_02,
        _ => Code::CFG_01,
    }
}

/// The exit code of a failed call; otherwise by the kind and the code of the failure.
fn of_issue(error: &IssueError) -> u8 {
    let called = digicert_one::core::causes(error).find_map(|cause| cause.downcast_ref::<digicert_one::Error>());
    match (called, error.kind()) {
        (Some(error), _) => of_call(error),
        (None, _) if error.diagnosis_code().is_some_and(|code| [Code::IO_01, Code::IO_02].contains(&code)) => 3,
        (None, IssueErrorKind::Lock | IssueErrorKind::LockLost) => 7,
        (None, _) if error.diagnosis_code().is_some_and(|code| code.side() == Side::Platform) => 9,
        (
            None,
            IssueErrorKind::Platform
            | IssueErrorKind::TokenLimit
            | IssueErrorKind::NotShown
            | IssueErrorKind::WrongKey
            | IssueErrorKind::Verify
            | IssueErrorKind::Retire,
        ) => 9,
        (None, IssueErrorKind::Stopped) => 130,
        (None, _) => 3,
    }
}

/// The diagnosis of a set-up that makes no caller.
pub(crate) fn of_setup(error: &ConfigError) -> Diagnosis {
    let mut diagnosis = Diagnosis::of(error.code(), error.to_string());
    let credential = "a credential: DC_API_KEY, or DC_CLIENT_CERT_FILE and DC_CLIENT_KEY_FILE, or both; or --profile";
    match error {
        ConfigError::EmptyProfile { .. } => {
            "add api_key or certificate to the profile, and host where no variable names it, as d1 init does"
                .clone_into(&mut diagnosis.remedy);
        }
        ConfigError::Nothing { .. } => {
            diagnosis.remedy = format!(
                "set both:\n          a host: DC_BASE=https://one.digicert.com, or that of your region\n          {credential}\n        \
                 or try without either: d1 demo"
            );
        }
        ConfigError::NoHost => {
            "set DC_BASE=https://one.digicert.com, or the host of your region; or try: d1 demo"
                .clone_into(&mut diagnosis.remedy);
        }
        ConfigError::NoCredential { .. } => {
            diagnosis.remedy = format!("set {credential}; d1 env shows where d1 looked; or try: d1 demo");
        }
        ConfigError::MissingProfileFile { .. } => {
            "write it with d1 init NAME, or name another file with DC_CONFIG".clone_into(&mut diagnosis.remedy);
        }
        _ => {}
    }
    diagnosis
}

/// The diagnosis, with the remedy that continues the list.
fn resumed(diagnosis: Diagnosis, position: &Position, given: &Given) -> Diagnosis {
    let text = match given {
        Given::Printed => format!("each item above is whole; continue with --start-at '{position}'"),
        Given::Items(items) if !items.is_empty() => {
            format!("the items beside this error are complete; continue with --start-at '{position}'")
        }
        Given::Nothing | Given::Items(_) => return diagnosis,
    };
    diagnosis.with_evidence(text)
}

#[cfg(test)]
mod tests {
    use digicert_one::provisioning::TaskStep;

    use super::*;

    #[test]
    fn interrupted_command_names_the_signal_and_no_unknown_failure() {
        for signal in [Signal::Interrupt, Signal::Terminate, Signal::HangUp] {
            let interrupted = InterruptedTask {
                signal,
                step: Some(TaskStep::Grace),
                resume: Some("d1 resume".to_owned()),
                error: None,
            };
            for failure in [Failure::Interrupted { signal, changes: true }, Failure::TaskInterrupted(interrupted)] {
                let diagnosis = failure.diagnosis();
                assert!(diagnosis.summary.starts_with("interrupted"), "{diagnosis}");
                assert!(diagnosis.cause.contains(signal.name()), "{diagnosis}");
                assert!(
                    !diagnosis.to_string().contains("catalogue") && !diagnosis.remedy.contains("report"),
                    "{diagnosis}"
                );
            }
        }
    }

    #[test]
    fn interrupted_task_says_what_is_next_and_where_secret_and_resource_are() {
        let interrupted = |resume: Option<&str>| {
            let resume = resume.map(str::to_owned);
            workflow::interrupted_json(&InterruptedTask { signal: Signal::Interrupt, step: None, resume, error: None })
        };
        let (begun, before) = (interrupted(Some("d1 resume")), interrupted(None));
        assert_eq!((&begun["next"], &begun["secret"]["state"]), (&"resume".into(), &"unknown".into()));
        assert_eq!((&before["next"], &before["secret"]["state"]), (&"retry".into(), &"none".into()));
        assert_eq!(before["platform"], serde_json::json!([]));
    }

    #[test]
    fn interrupted_list_mentions_only_what_it_gave() {
        let item: Box<RawValue> = serde_json::from_str("1.10").expect("JSON");
        let evidence = |given: &Given| {
            let diagnosis = Diagnosis::of(Code::API_04, "/x: a page repeats the previous one.");
            resumed(diagnosis, &"offset:7".parse().expect("a position"), given).evidence.join(" ")
        };
        assert!(evidence(&Given::Printed).contains("each item above is whole; continue with --start-at 'offset:7'"));
        assert!(evidence(&Given::Items(vec![item])).contains("the items beside this error are complete"));
        for given in [Given::Nothing, Given::Items(Vec::new())] {
            assert_eq!(evidence(&given), "", "{given:?}");
        }
    }
}
