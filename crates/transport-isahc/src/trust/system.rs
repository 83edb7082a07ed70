//! The system's roots for libcurl on OpenSSL: a bundle in one file, and a directory.
//!
//! libcurl keeps what it has read of a bundle only where no directory is set (lib/vtls/openssl.c, `cache_criteria_met`), and the
//! curl crate sets one on every handle: each new connection would read the whole bundle again. In the directory OpenSSL finds a
//! root by the hash of its name when it needs it. So of the bundle only those roots are handed over that the directory lacks.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use std::{fs, io};

use isahc::tls::{TrustStore, TrustStoreBuilder};
use openssl::x509::{X509, X509Ref};
use openssl_probe::ProbeResult;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// The system's roots alone.
pub(super) fn store() -> io::Result<TrustStore> {
    match probe() {
        ProbeResult { cert_file: Some(_), cert_dir: Some(_) } => Ok(builder()?.build()),
        _ => Ok(TrustStore::native()),
    }
}

/// The system's roots, to which others are added.
pub(super) fn builder() -> io::Result<TrustStoreBuilder> {
    let ProbeResult { cert_file, cert_dir } = probe();
    let Some(file) = cert_file else { return Ok(TrustStore::builder()) };
    Ok(TrustStore::builder().certificate_from_pem(read(&file, cert_dir.as_deref())?))
}

/// The curl crate asks the same library.
fn probe() -> ProbeResult {
    openssl_probe::probe()
}

/// What was read last: a program that rotates its identity makes one transport after another.
static LAST: Mutex<Option<(Stamp, Vec<u8>)>> = Mutex::new(None);

/// Path, length and time of change: files and directories with the same stamp are unchanged.
#[derive(PartialEq)]
struct Stamp(Vec<(PathBuf, u64, SystemTime)>);

impl Stamp {
    fn of(file: &Path, directory: Option<&Path>) -> io::Result<Self> {
        let paths = std::iter::once(file).chain(directory);
        let stamp = |path: &Path| {
            let found = fs::metadata(path).and_then(|found| Ok((found.len(), found.modified()?)));
            found.map(|(length, changed)| (path.to_owned(), length, changed)).map_err(|error| at(path, &error))
        };
        paths.map(stamp).collect::<io::Result<_>>().map(Self)
    }
}

/// Adds the path, which the system's error lacks.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the system's roots cannot be read from {}: {error}", path.display()))
}

/// What has to be read of the bundle, with a line end behind it.
fn read(file: &Path, directory: Option<&Path>) -> io::Result<Vec<u8>> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    // Taken first: what changes meanwhile is read again next time.
    let stamp = Stamp::of(file, directory)?;
    if let Some((of, roots)) = &*last
        && *of == stamp
    {
        return Ok(roots.clone());
    }
    let bundle = fs::read(file).map_err(|error| at(file, &error))?;
    let mut roots = directory.and_then(|directory| beside(&bundle, directory)).unwrap_or(bundle);
    roots.push(b'\n');
    Ok(last.insert((stamp, roots)).1.clone())
}

/// The roots of the bundle that OpenSSL would not find in the directory; nothing where the bundle holds more than plain roots,
/// which is libcurl's to judge.
fn beside(bundle: &[u8], directory: &Path) -> Option<Vec<u8>> {
    let text = str::from_utf8(bundle).ok()?;
    let roots = X509::stack_from_pem(bundle).ok()?;
    // A revocation list or a restricted root (`TRUSTED CERTIFICATE`) would get lost here.
    let plain = text.matches("-----BEGIN CERTIFICATE-----").count();
    if plain == 0 || plain != roots.len() || plain != text.matches("-----BEGIN ").count() {
        return None;
    }
    let mut rest = Vec::new();
    for (at, root) in roots.iter().enumerate() {
        // The first in any case: libcurl refuses an empty bundle.
        if at == 0 || !holds(directory, root) {
            rest.extend(root.to_pem().ok()?);
        }
    }
    Some(rest)
}

/// Whether OpenSSL finds this root there: `HASH.0`, `HASH.1`, … until a file is missing (crypto/x509/by_dir.c).
fn holds(directory: &Path, root: &X509Ref) -> bool {
    let Ok(wanted) = root.to_der() else { return false };
    let hash = root.subject_name_hash();
    (0..)
        .map_while(|number| fs::read(directory.join(format!("{hash:08x}.{number}"))).ok())
        // Without a look inside, which takes OpenSSL a tenth of a millisecond for each.
        .any(|pem| CertificateDer::pem_slice_iter(&pem).flatten().any(|found| *found == *wanted))
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::Pki;

    use super::*;

    fn in_directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            fs::write(directory.path().join(name), text).expect("written");
        }
        directory
    }

    fn hash(pem: &str) -> String {
        format!("{:08x}", X509::from_pem(pem.as_bytes()).expect("a certificate").subject_name_hash())
    }

    fn roots(pem: &[u8]) -> Vec<Vec<u8>> {
        let stack = X509::stack_from_pem(pem).expect("PEM");
        stack.iter().map(|root| root.to_der().expect("DER")).collect()
    }

    #[test]
    fn root_in_the_directory_is_not_read_from_the_bundle() {
        let pki = Pki::generate();
        let (first, second) = (pki.foreign_root_pem(), pki.root_pem());
        let bundle = format!("# first\n{first}\n# second\n{second}");
        let name = hash(second);
        let both = [roots(first.as_bytes()).remove(0), pki.root_der().to_vec()];
        // Each directory, and what has to be read beside it.
        let alone = &both[..1];
        let cases = [
            (vec![], &both[..]),
            (vec![(format!("{name}.0"), second)], alone),
            // Another root of the same name comes first.
            (vec![(format!("{name}.0"), first), (format!("{name}.1"), second)], alone),
            // After a gap OpenSSL does not look.
            (vec![(format!("{name}.1"), second)], &both[..]),
            (vec![(format!("{name}.0"), first)], &both[..]),
            (vec![(format!("{name}.0"), "no certificate")], &both[..]),
            (vec![("second.pem".to_owned(), second)], &both[..]),
        ];
        for (files, expected) in cases {
            let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
            let directory = in_directory(&files);
            let rest = beside(bundle.as_bytes(), directory.path()).expect("plain roots");
            assert_eq!(roots(&rest), expected, "{:?}", files.iter().map(|(name, _)| name).collect::<Vec<_>>());
        }
    }

    #[test]
    fn first_root_is_always_read() {
        let root = Pki::shared().root_pem();
        let directory = in_directory(&[(&format!("{}.0", hash(root)), root)]);
        let rest = beside(root.as_bytes(), directory.path()).expect("plain roots");
        assert_eq!(roots(&rest), [Pki::shared().root_der().to_vec()]);
    }

    #[test]
    fn changed_system_roots_are_read_again() {
        let pki = Pki::generate();
        let folder = in_directory(&[("bundle", pki.root_pem())]);
        let file = folder.path().join("bundle");
        let directory = folder.path().join("certs");
        fs::create_dir(&directory).expect("made");
        let held = || roots(&read(&file, Some(&directory)).expect("readable")).len();
        assert_eq!((held(), held()), (1, 1));
        let two = format!("{}{}", pki.root_pem(), pki.foreign_root_pem());
        fs::write(&file, two).expect("written");
        assert_eq!((held(), held()), (2, 2));
        let name = format!("{}.0", hash(pki.foreign_root_pem()));
        fs::write(directory.join(name), pki.foreign_root_pem()).expect("written");
        // Not left to the tick of the file system's clock.
        let opened = fs::File::open(&directory).expect("there");
        opened.set_modified(SystemTime::UNIX_EPOCH).expect("ours");
        assert_eq!((held(), held()), (1, 1));
        fs::remove_file(&file).expect("ours");
        let error = read(&file, Some(&directory)).expect_err("nothing is remembered of a file that is gone");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    }

    #[test]
    fn bundle_of_more_than_roots_is_unchanged() {
        let root = Pki::shared().root_pem();
        let restricted = root.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-");
        let with_list = format!("{root}\n-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
        let directory = in_directory(&[(&format!("{}.0", hash(root)), root)]);
        for bundle in ["", "no roots", &restricted, &with_list, &root.replace("MII", "!!!")] {
            assert_eq!(beside(bundle.as_bytes(), directory.path()), None, "{bundle}");
        }
        let latin1 = [root.as_bytes(), b"# \xe9\n"].concat();
        assert_eq!(beside(&latin1, directory.path()), None);
    }
}
