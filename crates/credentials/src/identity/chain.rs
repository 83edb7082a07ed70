//! The chain as it is sent: leaf first, each certificate followed by its issuer, without the root (RFC 8446 section 4.4.2),
//! strangers and doubles. The leaf is the certificate that the key belongs to, wherever it stands in the file.

use std::sync::Arc;

use der::Decode;
use digicert_one_core::{ClientIdentity, Code, CredentialError};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, SubjectKeyIdentifier};

use super::gather::{FoundCertificate, FoundKey};
use crate::Warning;

/// No chain comes near; a whole CA bundle does not pass either.
const MAX_CERTIFICATES: usize = 500;

/// Puts key, leaf and its chain together.
///
/// # Errors
/// No certificate belongs to the key (ID-01), one of them cannot be read, or there are far too many (ID-07).
pub(crate) fn arrange(
    found: &[FoundCertificate],
    key: &FoundKey,
    warnings: &mut Vec<Warning>,
) -> Result<ClientIdentity, CredentialError> {
    if found.len() > MAX_CERTIFICATES {
        let message = format!("there are {} certificates, more than the limit of {MAX_CERTIFICATES}", found.len());
        return Err(CredentialError::new(Code::ID_07, message).at(&*found[0].origin));
    }
    let leaf = leaf_of(found, key)?;
    let nodes: Vec<Option<Node>> = found.iter().map(|certificate| Node::read(&certificate.der)).collect();
    let path = path_from(leaf, &nodes, found);
    let mut warn = |code, text: String| warnings.push(Warning::new(code, text, &*found[leaf].origin));

    for text in remarks(&path, &nodes, found) {
        warn(Code::ID_11, text);
    }
    if let (1, Some(Some(node))) = (path.len(), nodes.get(leaf))
        && !node.self_issued
        && issuers_of(leaf, &nodes).next().is_none()
    {
        warn(
            Code::ID_10,
            format!(
                "the certificate is there without its issuer \"{}\", which the server may need",
                node.certificate.tbs_certificate().issuer()
            ),
        );
    }
    let chain = path.iter().map(|index| found[*index].der.clone()).collect();
    ClientIdentity::new(chain, &key.der()).map_err(|error| error.at(places(&found[leaf].origin, &key.origin)))
}

/// Both origins, if they differ.
pub(crate) fn places(certificate: &Arc<str>, key: &Arc<str>) -> String {
    if certificate == key { certificate.to_string() } else { format!("certificate {certificate}, key {key}") }
}

/// A certificate, read as far as chains need it.
struct Node {
    certificate: Certificate,
    self_issued: bool,
    is_ca: bool,
    key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
}

impl Node {
    fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let key_id =
            body.get_extension::<SubjectKeyIdentifier>().ok().flatten().map(|(_, id)| id.0.as_bytes().to_vec());
        let issuer_key_id = body
            .get_extension::<AuthorityKeyIdentifier>()
            .ok()
            .flatten()
            .and_then(|(_, id)| id.key_identifier)
            .map(|id| id.as_bytes().to_vec());
        let is_ca = matches!(body.get_extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
        let self_issued = body.subject() == body.issuer();
        Some(Self { self_issued, is_ca, key_id, issuer_key_id, certificate })
    }

    fn subject(&self) -> String {
        self.certificate.tbs_certificate().subject().to_string()
    }

    /// Whether names and, where both are present, key ids say so.
    fn is_issued_by(&self, other: &Self) -> bool {
        let ids = [&self.issuer_key_id, &other.key_id];
        self.certificate.tbs_certificate().issuer() == other.certificate.tbs_certificate().subject()
            && (ids.iter().any(|id| id.is_none()) || ids[0] == ids[1])
    }
}

/// The certificate with the public half of the key; of several, the one that ends last.
fn leaf_of(found: &[FoundCertificate], key: &FoundKey) -> Result<usize, CredentialError> {
    let mut best: Option<(usize, ClientIdentity)> = None;
    let mut refused: Option<CredentialError> = None;
    for (index, certificate) in found.iter().enumerate() {
        match ClientIdentity::new(vec![certificate.der.clone()], &key.der()) {
            Ok(pair) if best.as_ref().is_none_or(|(_, other)| pair.not_after() > other.not_after()) => {
                best = Some((index, pair));
            }
            Ok(_) => {}
            Err(error) => {
                let error = error.at(places(&certificate.origin, &key.origin));
                // The first in the file is most likely meant, unless it is a CA's; a mismatch tells more than an unreadable one.
                let is_ca = || Node::read(&certificate.der).is_some_and(|node| node.is_ca);
                if refused.as_ref().is_none_or(|earlier| earlier.code() != Code::ID_01 && error.code() == Code::ID_01)
                    && (found.len() == 1 || !is_ca())
                {
                    refused = Some(error);
                }
            }
        }
    }
    match (best, refused) {
        (Some((index, _)), _) => Ok(index),
        (None, Some(error)) => Err(error),
        (None, None) => {
            let message =
                "the private key does not belong to the certificates: all of them are of certificate authorities";
            let place = places(&found[0].origin, &key.origin);
            Err(CredentialError::new(Code::ID_01, message).at(place))
        }
    }
}

/// From the leaf upwards, without the root.
fn path_from(leaf: usize, nodes: &[Option<Node>], found: &[FoundCertificate]) -> Vec<usize> {
    let mut path = vec![leaf];
    let mut last = leaf;
    loop {
        // A cross-signed twin of a root leads to a server that trusts only the other root.
        let next = issuers_of(last, nodes)
            .filter(|(index, node)| !node.self_issued && path.iter().all(|used| found[*used].der != found[*index].der))
            .map(|(index, _)| index)
            .next();
        let Some(next) = next else { return path };
        path.push(next);
        last = next;
    }
}

fn issuers_of(index: usize, nodes: &[Option<Node>]) -> impl Iterator<Item = (usize, &Node)> {
    let child = nodes[index].as_ref();
    let readable = nodes.iter().enumerate().filter_map(|(index, node)| Some((index, node.as_ref()?)));
    readable.filter(move |(issuer, node)| *issuer != index && child.is_some_and(|child| child.is_issued_by(node)))
}

/// What differs between the file and what is sent.
fn remarks(path: &[usize], nodes: &[Option<Node>], found: &[FoundCertificate]) -> Vec<String> {
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
            // The usual way to give a bundle twice is no fault of the file.
            if first.origin == certificate.origin {
                remarks.push(format!("certificate \"{}\" is there twice and sent once", name(nodes[index].as_ref())));
            }
            continue;
        }
        if path.iter().any(|used| found[*used].der == certificate.der) {
            continue;
        }
        let is_root = |node: &Node| {
            node.self_issued
                && path.iter().any(|used| nodes[*used].as_ref().is_some_and(|child| child.is_issued_by(node)))
        };
        match nodes[index].as_ref() {
            Some(node) if is_root(node) => roots.push(name(Some(node))),
            node => strangers.push(name(node)),
        }
    }
    for root in roots {
        remarks.push(format!("the root \"{root}\" is there and not sent: servers use their own"));
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

fn name(node: Option<&Node>) -> String {
    node.map_or_else(|| "(cannot be read)".to_owned(), Node::subject)
}
