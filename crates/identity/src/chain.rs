//! Builds the chain to send: leaf first, each certificate followed by its issuer (RFC 8446 section 4.4.2),
//! without the root, unrelated certificates and duplicates. The leaf is the certificate that the key belongs
//! to, wherever it is in the file.

use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_core::{ClientIdentity, Code, CredentialError, Warning};

use crate::gather::{FoundCertificate, FoundKey};
use crate::node::Node;
use crate::path::Paths;
use crate::{checks, client_identity};

/// Larger than any chain; a whole CA bundle is refused too.
const MAX_CERTIFICATES: usize = 500;

/// Combines key, leaf and chain.
///
/// # Errors
/// Returns an error if no certificate belongs to the key (ID-01), one of them cannot be parsed, or there are
/// far too many (ID-07).
pub(crate) fn arrange(
    found: &[FoundCertificate],
    key: &FoundKey,
    now: SystemTime,
    warnings: &mut Vec<Warning>,
) -> Result<ClientIdentity, CredentialError> {
    if found.len() > MAX_CERTIFICATES {
        let message = format!("{} certificates exceed the limit of {MAX_CERTIFICATES}", found.len());
        return Err(CredentialError::new(Code::ID_07, message).at(&*found[0].origin));
    }
    let nodes: Vec<Option<Node<'_>>> = found.iter().map(|certificate| Node::read(&certificate.der)).collect();
    let paths = Paths::new(&nodes, now);
    let leaf = leaf_of(found, &paths, key, now)?;
    let path = paths.best(leaf);
    let mut warn = |code, text: String| warnings.push(Warning::new(code, text, &*found[leaf].origin));

    for text in remarks(&path, &paths, found) {
        warn(Code::ID_11, text);
    }
    let issuer_is_there = path.last().is_some_and(|last| !paths.issuers_of(*last).is_empty());
    if let (1, Some(node)) = (path.len(), paths.node(leaf))
        && !paths.is_root(leaf)
        && !issuer_is_there
    {
        let other_key = (0..found.len())
            .any(|index| index != leaf && paths.node(index).is_some_and(|other| node.names_as_issuer(other)));
        let twin = match other_key {
            true => " (one with this name is present, but its key did not sign this certificate)",
            false => "",
        };
        warn(
            Code::ID_10,
            format!("missing issuer \"{}\" of the certificate, which the server may need{twin}", node.issuer()),
        );
    }
    for node in path[1..].iter().filter_map(|index| paths.node(*index)) {
        // A leaf outside its own dates is worse, and already has an error or warning.
        if !node.is_inside_dates(now) && paths.node(leaf).is_some_and(|leaf| leaf.is_inside_dates(now)) {
            let subject = node.subject();
            let dates = match node.not_before() > now {
                true => format!("is not valid before {}", checks::date(node.not_before())),
                false => format!("expired at {}", checks::date(node.not_after())),
            };
            warn(
                Code::ID_09,
                format!(
                    "the certificate \"{subject}\" of the chain {dates}, and servers may refuse it; the file has no other"
                ),
            );
        }
    }
    let chain = path.iter().map(|index| found[*index].der.clone()).collect();
    client_identity(chain, &key.der())
        .map(|identity| identity.with_issuer_present(issuer_is_there || paths.is_root(leaf)))
        .map_err(|error| error.at(places(&found[leaf].origin, &key.origin)))
}

/// Returns both origins, if they differ.
pub(crate) fn places(certificate: &Arc<str>, key: &Arc<str>) -> String {
    if certificate == key { certificate.to_string() } else { format!("certificate {certificate}, key {key}") }
}

/// The certificate with the public half of the key. Of several, one that can be used, is inside its dates, and was issued
/// rather than made by its own key as a placeholder; of these, the one that ends last.
fn leaf_of(
    found: &[FoundCertificate],
    paths: &Paths<'_>,
    key: &FoundKey,
    now: SystemTime,
) -> Result<usize, CredentialError> {
    let mut best = None;
    let mut refused: Option<CredentialError> = None;
    for (index, certificate) in found.iter().enumerate() {
        match client_identity(vec![certificate.der.clone()], &key.der()) {
            Ok(pair) => {
                let node = paths.node(index);
                let rank = (
                    checks::purpose(&pair).is_ok(),
                    node.is_none_or(|node| node.is_inside_dates(now)),
                    !paths.is_root(index),
                    node.is_none_or(|node| node.is_authority() != Some(true)),
                    pair.not_after(),
                );
                if best.as_ref().is_none_or(|(_, other)| rank > *other) {
                    best = Some((index, rank));
                }
            }
            Err(error) => {
                let error = error.at(places(&certificate.origin, &key.origin));
                // The first in the file is most likely meant, unless it is a CA's; a mismatch is more useful
                // than a parse error.
                let is_ca = || paths.node(index).is_some_and(|node| node.is_authority() == Some(true));
                if refused.as_ref().is_none_or(|earlier| earlier.code() != Code::ID_01 && error.code() == Code::ID_01)
                    && (found.len() == 1 || !is_ca())
                {
                    refused = Some(error);
                }
            }
        }
    }
    match (best, refused) {
        (Some((index, _)), _) => match issued_without_key(index, found.len(), paths) {
            Some(leaf) => {
                let (issuer, leaf) = (name(paths.node(index)), name(paths.node(leaf)));
                let message = format!(
                    "the private key belongs to the CA certificate \"{issuer}\", which issued \"{leaf}\"; the key of \"{leaf}\" is \
                     missing"
                );
                Err(CredentialError::new(Code::ID_01, message).at(places(&found[index].origin, &key.origin)))
            }
            None => Ok(index),
        },
        (None, Some(error)) => Err(error),
        (None, None) => {
            let message =
                "the private key does not belong to the certificates: all of them are of certificate authorities";
            let place = places(&found[0].origin, &key.origin);
            Err(CredentialError::new(Code::ID_01, message).at(place))
        }
    }
}

/// Returns a certificate that is not a CA's and that this CA issued: it was meant, and the key of its CA is there in place of its own.
fn issued_without_key(authority: usize, count: usize, paths: &Paths<'_>) -> Option<usize> {
    let is_authority = |index: usize| paths.node(index).and_then(Node::is_authority);
    let mut others = (0..count).filter(|index| is_authority(*index) != Some(true));
    match is_authority(authority) {
        Some(true) => others.find(|index| paths.issued_by(*index, authority).is_some_and(|evidence| evidence.signed)),
        _ => None,
    }
}

/// Lists the differences between the file and what is sent.
fn remarks(path: &[usize], paths: &Paths<'_>, found: &[FoundCertificate]) -> Vec<String> {
    let mut remarks = Vec::new();
    if !path.is_sorted() && path.iter().all(|index| found[*index].ordered) {
        remarks.push(
            "the certificates were not in order (leaf first, then its issuer); they are sent in order".to_owned(),
        );
    }
    let (mut roots, mut strangers) = (Vec::new(), Vec::new());
    for (index, certificate) in found.iter().enumerate() {
        let same = |other: &&FoundCertificate| other.der == certificate.der;
        if let Some(first) = found[..index].iter().find(same) {
            // Naming a bundle for both certificate and key is common and not worth a warning.
            if first.origin == certificate.origin {
                remarks.push(format!("certificate \"{}\" is present twice and sent once", name(paths.node(index))));
            }
            continue;
        }
        if path.iter().any(|used| found[*used].der == certificate.der) {
            continue;
        }
        let is_root = paths.is_root(index) && path.iter().any(|used| paths.issued_by(*used, index).is_some());
        let is_twin = |used: &usize| {
            let (node, used) = (paths.node(index), paths.node(*used));
            node.zip(used).is_some_and(|(node, used)| node.is_twin_of(used))
        };
        let name = name(paths.node(index));
        if is_root {
            roots.push(name);
        } else if path.iter().any(is_twin) {
            remarks.push(format!("another certificate for \"{name}\" is present too; the better match is sent"));
        } else {
            strangers.push(name);
        }
    }
    for root in roots {
        remarks.push(format!("the root \"{root}\" is present and not sent: servers use their own"));
    }
    match strangers.as_slice() {
        [] => {}
        [stranger] => remarks.push(format!("certificate \"{stranger}\" does not belong to the chain and is not sent")),
        [first, ..] => remarks.push(format!(
            "{} certificates (the first is \"{first}\") do not belong to the chain and are not sent",
            strangers.len()
        )),
    }
    remarks
}

fn name(node: Option<&Node<'_>>) -> String {
    node.map_or_else(|| "(unreadable)".to_owned(), Node::subject)
}
