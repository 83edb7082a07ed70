//! Methods. A clause holds for each of them, and the calls of most cases are GETs: such a case runs again with POST, and
//! with another method, in place of GET. It then also has an identity, goes through a proxy, or is held to TLS 1.2.

use digicert_one_core::Capability;
use digicert_one_testbed::FrontOptions;
use http::{Method, Version};

use crate::sent_as::{Added, SentAs};
use crate::world::{HOST, World, front, get};

/// What the GETs of every such case are sent as. A response to HEAD differs, and HEAD is left to cases of its own.
const POST: SentAs = SentAs { method: Method::POST, body: b"{\"a\":1}", is_upload: false, added: Added::Identity };
/// And, in the cases about one call and its response, where the transport has uploads.
const UPLOAD: SentAs = SentAs { body: &[b'x'; LARGE], is_upload: true, added: Added::Tls12, ..POST };
/// More than the first window of an HTTP/2 stream, and than a TLS record.
const LARGE: usize = 70_000;
/// What those of one case after the other are sent as.
const IN_TURN: [SentAs; 3] = [
    SentAs { method: Method::DELETE, body: b"", is_upload: false, added: Added::Proxy },
    SentAs { method: Method::PUT, body: b"{}", is_upload: false, added: Added::Proxy },
    SentAs { method: Method::PATCH, body: b"{}", is_upload: false, added: Added::Proxy },
];

/// The cases that run with each method.
const EACH: [&str; 60] = [
    "HOST-09", "HOST-11", "HOST-12", "HOST-15", "TRUST-01", "TRUST-11", "TRUST-12", "TRUST-16", "TRUST-25", "REQ-11",
    "REQ-12", "REQ-21", "REQ-22", "REQ-24", "IDENT-28", "IDENT-31", "IDENT-32", "BODY-04", "BODY-05", "BODY-07",
    "BODY-10", "BODY-15", "BODY-17", "BODY-21", "BODY-24", "BODY-28", "ERR-13", "ERR-14", "ERR-15", "ERR-16", "ERR-21",
    "ERR-22", "ERR-23", "ERR-40", "POOL-06", "POOL-10", "POOL-12", "POOL-20", "POOL-35", "PROXY-01", "PROXY-02",
    "PROXY-03", "PROXY-04", "PROXY-07", "PROXY-10", "PROXY-14", "PROXY-16", "PROXY-19", "PROXY-20", "PROXY-22",
    "OBS-09", "OBS-10", "OBS-11", "OBS-20", "OBS-21", "HOST-05", "HOST-19", "BODY-13", "TRUST-23", "IDENT-22",
];
/// Those among them about addresses, or about what a proxy in between may hide.
const DIRECT: [&str; 8] = ["HOST-11", "HOST-12", "HOST-15", "REQ-22", "ERR-14", "ERR-15", "OBS-09", "OBS-10"];
/// Those in which an identity is not to be there.
const ANONYMOUS: [&str; 2] = ["POOL-10", "OBS-20"];
/// Those about HTTP/2 or the pool: a stack may send other methods than GET over HTTP/1.1, on connections of their own.
const EACH_LIKE_GET: [&str; 20] = [
    "POOL-32", "REQ-13", "REQ-14", "BODY-12", "BODY-14", "BODY-16", "BODY-18", "BODY-20", "BODY-25", "BODY-26",
    "ERR-24", "POOL-11", "POOL-26", "POOL-27", "POOL-28", "POOL-29", "POOL-41", "TIME-06", "TIME-07", "TIME-08",
];

/// The cases that run with uploads too.
const UPLOADED: [&str; 75] = [
    "BODY-21", "HOST-09", "HOST-11", "HOST-12", "HOST-15", "TRUST-01", "TRUST-12", "TRUST-16", "REQ-11", "REQ-12",
    "REQ-21", "REQ-22", "REQ-24", "IDENT-24", "IDENT-27", "IDENT-28", "IDENT-31", "IDENT-32", "BODY-04", "BODY-07",
    "BODY-10", "BODY-17", "BODY-24", "ERR-13", "ERR-14", "ERR-15", "ERR-16", "ERR-21", "ERR-22", "ERR-23", "ERR-40",
    "PROXY-01", "PROXY-02", "PROXY-16", "PROXY-03", "PROXY-04", "PROXY-07", "PROXY-10", "PROXY-14", "PROXY-19",
    "PROXY-20", "OBS-09", "OBS-10", "OBS-11", "OBS-20", "REQ-13", "REQ-14", "BODY-12", "BODY-14", "BODY-16", "BODY-18",
    "BODY-20", "BODY-25", "BODY-26", "ERR-24", "HOST-05", "HOST-16", "HOST-18", "HOST-19", "BODY-13", "TRUST-14",
    "TRUST-19", "TRUST-23", "OBS-22", "IDENT-22", "IDENT-35", "OBS-21", "OBS-23", "PROXY-13", "PROXY-17", "PROXY-18",
    "PROXY-21", "PROXY-22", "BODY-05", "BODY-15",
];

/// Those among them with servers of TLS 1.3, or about what a stack may not see under it.
const OF_TLS13: [&str; 10] =
    ["IDENT-24", "IDENT-27", "IDENT-31", "IDENT-35", "BODY-13", "BODY-15", "ERR-15", "OBS-10", "OBS-11", "OBS-20"];

/// What the GETs of this case are sent as, besides GET.
pub(crate) fn others(case: &str) -> Vec<SentAs> {
    let mut others = match EACH.iter().chain(&EACH_LIKE_GET).position(|id| *id == case) {
        Some(turn) => vec![POST, IN_TURN[turn % IN_TURN.len()].clone()],
        None => Vec::new(),
    };
    if UPLOADED.contains(&case) {
        others.push(UPLOAD);
    }
    for other in &mut others {
        let is_wrong = match other.added {
            Added::Identity => ANONYMOUS.contains(&case),
            Added::Proxy => DIRECT.contains(&case),
            Added::Tls12 => OF_TLS13.contains(&case),
            Added::Nothing => false,
        };
        if is_wrong {
            other.added = Added::Nothing;
        }
    }
    others
}

/// The cases that also run while another stream is in flight on their HTTP/2 connections.
const BESIDE_A_STREAM: [&str; 7] = ["BODY-14", "BODY-16", "BODY-20", "BODY-25", "REQ-13", "REQ-14", "REQ-21"];

/// Whether this case also runs beside another stream.
pub(crate) fn is_beside_a_stream(case: &str) -> bool {
    BESIDE_A_STREAM.contains(&case)
}

/// Whether this case can run in this world, whose transports send GETs as another method.
pub(crate) async fn suits(case: &str, sent_as: &SentAs, world: &World) -> bool {
    if sent_as.is_upload && !world.has(Capability::StreamingUploads) {
        return false;
    }
    if !EACH_LIKE_GET.contains(&case) {
        return true;
    }
    let front = front(FrontOptions::default());
    let outcome = world.new_transport(&world.config()).send(get(front.url(HOST))).await;
    outcome.is_ok_and(|exchange| exchange.response.version() == Version::HTTP_2)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::cases;

    #[test]
    fn each_case_that_is_named_exists_and_is_named_once() {
        let named: BTreeSet<_> = EACH.iter().chain(&EACH_LIKE_GET).collect();
        assert_eq!(named.len(), EACH.len() + EACH_LIKE_GET.len());
        assert!(
            named
                .iter()
                .copied()
                .chain(&BESIDE_A_STREAM)
                .chain(&UPLOADED)
                .chain(&DIRECT)
                .chain(&ANONYMOUS)
                .chain(&OF_TLS13)
                .all(|id| cases().iter().any(|case| case.id == *id)),
            "{named:?}"
        );
    }
}
