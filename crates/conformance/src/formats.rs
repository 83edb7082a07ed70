//! The table format × transport: a client certificate in each format that users have, read by the reader that
//! users use, presented by the transport to a server that requires it. A cell is `ok` only if the server's
//! ledger confirms it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::SystemTime;

use digicert_one_core::{CredentialError, Secret, causes};
use digicert_one_credentials::{LoadedCredential, RawCredential};
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{ClientAuth, Format, KeyStore};

use crate::subject::Subject;
use crate::world::{HOST, World, front, get, servers};

/// Where to put the cells of one stack: `D1_MATRIX_FILE`.
const FILE: &str = "D1_MATRIX_FILE";

/// One cell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FormatCell {
    /// The format.
    pub format: &'static str,
    /// `Ok` if the server received the certificate and the chain in the file; else what went wrong.
    pub outcome: Result<(), String>,
}

/// Every format on this transport.
///
/// # Panics
/// The testbed cannot be set up.
#[must_use]
pub fn format_table(subject: &Subject) -> Vec<FormatCell> {
    let (cell, cells) = mpsc::channel();
    for format in Format::ALL.iter().copied() {
        let (world, cell) = (World::new(subject), cell.clone());
        (subject.block_on)(Box::pin(async move {
            let outcome = presented(&world, &format.make()).await.map(drop);
            let _ = cell.send(FormatCell { format: format.name(), outcome });
        }));
    }
    drop(cell);
    cells.iter().collect()
}

/// The test of the table: every cell is `ok`. Writes the cells, tab-separated, to `D1_MATRIX_FILE`; `cargo
/// xtask matrix` generates the page from them.
///
/// # Panics
/// That is how it reports.
pub fn format_test(subject: &Subject) {
    let cells = format_table(subject);
    if let Some(path) = std::env::var_os(FILE) {
        let mut text = String::new();
        for FormatCell { format, outcome } in &cells {
            let cell = outcome.as_ref().map_or_else(|error| error.replace(['\t', '\n'], " "), |()| "ok".to_owned());
            writeln!(text, "{format}\t{cell}").expect("writing to a string");
        }
        std::fs::write(Path::new(&path), text).expect("the file of D1_MATRIX_FILE can be written");
    }
    let failed: Vec<_> = cells.iter().filter(|cell| cell.outcome.is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(cells.len(), Format::ALL.len());
}

/// The key store through the reader that users have.
pub(crate) fn read(store: &KeyStore, rules: &ReadOptions) -> Result<LoadedCredential, CredentialError> {
    let mut raw = RawCredential::new().with_certificate(Secret::new(store.certificate.clone(), "file client"));
    if let Some(key) = &store.key {
        raw = raw.with_private_key(Secret::new(key.clone(), "file client.key"));
    }
    if let Some(password) = &store.password {
        raw = raw.with_password(Secret::new(password.as_bytes(), "file password"));
    }
    raw.read(rules)
}

/// Reads the key store and presents it; the server must receive the leaf first and then the chain in the file.
pub(crate) async fn presented(world: &World, store: &KeyStore) -> Result<LoadedCredential, String> {
    let shown = |error: &(dyn std::error::Error + 'static)| {
        causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
    };
    let reading = read(store, &ReadOptions::at(SystemTime::now())).map_err(|error| shown(&error))?;
    let identity = reading.material.identity().ok_or("it holds no identity")?;
    // A file with the leaf alone is not a fault of the format: such a server knows the intermediate.
    let intermediates = vec![digicert_one_testbed::Pki::shared().intermediate_der().to_vec()];
    let transport = world.connector.connect(&world.config().with_identity(Some(identity.clone())));
    let transport = transport.map_err(|error| shown(&error))?;
    for server in servers() {
        let mut options = server.client_auth(ClientAuth::Required);
        if !identity.has_intermediate() {
            options = options.trusted_clients(intermediates.clone());
        }
        let (engine, front) = (options.engine, front(options));
        transport.send(get(front.url(HOST))).await.map_err(|error| shown(&error))?;
        let sent = front.ledger().connections().remove(0).peer_chain_fingerprints;
        if sent.first() != Some(&store.client.fingerprint()) {
            return Err(format!("the server ({engine:?}) saw another certificate: {sent:?}"));
        }
        if sent.len() != identity.chain().len() {
            let there = identity.chain().len();
            return Err(format!("the server ({engine:?}) saw {} certificate(s) of {there}", sent.len()));
        }
    }
    Ok(reading)
}
