//! A CA file that may be replaced while its roots are in use. There is no background task: whoever holds it asks.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{CredentialError, Warning};
use rustls_pki_types::CertificateDer;

use crate::read_ca_file;
use crate::roots::log;

/// The roots of a CA file, followed. Clones share it.
///
/// What cannot be read or holds no certificate never replaces what is in use.
///
/// ```no_run
/// use digicert_one_credentials::{RootsFile, RootsReload};
///
/// let file = RootsFile::open("/etc/d1/ca.pem")?;
/// match file.reload() {
///     RootsReload::Replaced(roots) => println!("{} roots to trust from now on", roots.len()),
///     RootsReload::Kept(warning) => eprintln!("{warning}"),
///     _ => {}
/// }
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone)]
pub struct RootsFile(Arc<Shared>);

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    roots: Vec<CertificateDer<'static>>,
    /// What of the file is not used, so that it is logged once for each change.
    unused: Vec<Warning>,
    /// What the file was last found to be, if that was unusable; so that it is told once.
    broken: Option<String>,
}

/// What [`RootsFile::reload`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootsReload {
    /// The file holds what is in use, or is as unusable as it was at the last reading.
    Unchanged,
    /// These are the roots from now on.
    Replaced(Vec<CertificateDer<'static>>),
    /// The file cannot be used; the roots before it stay. Told once for each change of the file.
    Kept(Warning),
}

impl RootsFile {
    /// Reads the file now, so that one that cannot be used is found before the first call.
    ///
    /// # Errors
    /// As [`read_ca_file`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CredentialError> {
        let path = path.as_ref().to_owned();
        let mut unused = Vec::new();
        let roots = read_ca_file(&path, &mut unused)?;
        log(&unused);
        let state = State { roots, unused, broken: None };
        Ok(Self(Arc::new(Shared { path, state: Mutex::new(state) })))
    }

    /// The roots in use.
    #[must_use]
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).roots.clone()
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Reads the file again and says what came of it.
    pub fn reload(&self) -> RootsReload {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unused = Vec::new();
        let error = match read_ca_file(&self.0.path, &mut unused) {
            Ok(roots) => {
                state.broken = None;
                if unused != state.unused {
                    log(&unused);
                    state.unused = unused;
                }
                if roots == state.roots {
                    return RootsReload::Unchanged;
                }
                state.roots.clone_from(&roots);
                return RootsReload::Replaced(roots);
            }
            Err(error) => error,
        };
        let broken = error.to_string();
        if state.broken.as_ref() == Some(&broken) {
            return RootsReload::Unchanged;
        }
        let origin = self.0.path.display().to_string();
        tracing::warn!(code = %error.code(), path = origin, %error, "a CA file cannot be used; the roots before it stay");
        let warning = Warning::new(error.code(), format!("the roots before it stay in use: {error}"), origin);
        state.broken = Some(broken);
        RootsReload::Kept(warning)
    }
}

impl fmt::Debug for RootsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootsFile").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Code;
    use digicert_one_testbed::Pki;

    use super::*;

    fn kept(file: &RootsFile) -> Warning {
        match file.reload() {
            RootsReload::Kept(warning) => warning,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn trust_13_other_roots_replace_and_the_same_do_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        let pki = Pki::shared();
        std::fs::write(&path, pki.root_pem()).expect("written");
        let file = RootsFile::open(&path).expect("a root");
        // Text around the certificates is no change of them.
        std::fs::write(&path, format!("our CA\n{}", pki.root_pem())).expect("written");
        assert_eq!(file.reload(), RootsReload::Unchanged);
        std::fs::write(&path, pki.foreign_root_pem()).expect("written");
        let foreign = vec![CertificateDer::from(pki.foreign_root_der().to_vec())];
        assert_eq!(file.clone().reload(), RootsReload::Replaced(foreign.clone()));
        assert_eq!((file.reload(), file.roots()), (RootsReload::Unchanged, foreign));
    }

    #[test]
    fn trust_14_what_cannot_be_used_is_told_once_a_change_and_replaces_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, Pki::shared().root_pem()).expect("written");
        let file = RootsFile::open(&path).expect("a root");
        let roots = file.roots();
        std::fs::write(&path, "").expect("written");
        assert_eq!(kept(&file).code, Code::TR_03);
        assert_eq!(file.reload(), RootsReload::Unchanged);
        std::fs::remove_file(&path).expect("removed");
        let warning = kept(&file);
        assert!(warning.to_string().contains("ca.pem") && warning.code == Code::IO_02, "{warning}");
        assert_eq!((file.reload(), file.roots()), (RootsReload::Unchanged, roots));
        std::fs::write(&path, Pki::shared().root_pem()).expect("written");
        assert_eq!(file.reload(), RootsReload::Unchanged);
        // Broken once more is a change once more.
        std::fs::write(&path, "").expect("written");
        kept(&file);
    }
}
