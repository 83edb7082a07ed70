//! Every way in which a command fails, with its diagnosis and its exit code. The codes are documented in `d1 --help` and stable.

use std::path::PathBuf;

use digicert_one::core::diagnosis::{Code, Diagnosis, Side};
use digicert_one::{ErrorKind, Position, SetupError};
use digicert_one_emulator::EmulatorError;
use thiserror::Error;

use crate::list;

/// A command that failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Setup(#[from] SetupError),
    #[error("{0}")]
    Call(#[from] digicert_one::Error),
    /// A list that broke off, and where.
    #[error("{error}")]
    List { error: digicert_one::Error, position: Position },
    #[error("{0}")]
    Emulator(#[from] EmulatorError),
    #[error("cannot {action} {path}: {source}")]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Demo(String),
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
    /// A failure that is part of what was printed.
    #[error("no credential can be used")]
    Told,
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// What to print: the diagnosis, and below it the chain of causes.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Call(error) => error.diagnosis().clone(),
            Self::List { error, position } => error.diagnosis().clone().with_evidence(list::resume(position)),
            Self::Setup(error) => of_setup(error),
            Self::Emulator(error) => Diagnosis::new(Code::CFG_01, error.to_string(), "the emulator did not start"),
            Self::File { .. } => Diagnosis::of(Code::ID_13, self.to_string()),
            _ => Diagnosis::of(Code::CFG_04, self.to_string()),
        }
    }

    /// The library errors below the diagnosis, outermost first.
    pub(crate) fn causes(&self) -> Vec<String> {
        let (Self::Call(error) | Self::List { error, .. }) = self else { return Vec::new() };
        let mut texts: Vec<String> = digicert_one::core::causes(error).skip(1).map(ToString::to_string).collect();
        texts.dedup();
        texts.retain(|text| !error.diagnosis().summary.contains(text));
        texts
    }

    /// The exit code, as `d1 --help` documents it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) | Self::Told | Self::Emulator(_) | Self::File { .. } => 3,
            Self::Call(error) | Self::List { error, .. } => {
                match (error.kind(), error.status().map(|status| status.as_u16())) {
                    (_, Some(401)) => 5,
                    (_, Some(403)) => 6,
                    (_, Some(429 | 503)) => 7,
                    (ErrorKind::Platform | ErrorKind::Decode | ErrorKind::NotShown, _) => 9,
                    _ if error.diagnosis().side() == Side::Local => 3,
                    (ErrorKind::Paging, _) => 9,
                    _ => 4,
                }
            }
            Self::Interrupted => 130,
            Self::Demo(_) | Self::Output(_) | Self::Internal(_) => 1,
        }
    }
}

/// The diagnosis of a set-up that makes no caller.
pub(crate) fn of_setup(error: &SetupError) -> Diagnosis {
    Diagnosis::new(error.code(), error.to_string(), "nothing was sent")
}
