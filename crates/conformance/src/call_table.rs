//! How a call must end that stalls, or is interrupted, in each of its phases: the table that TIME-30 and
//! ERR-50 iterate over, and that the page docs/time-and-delivery.md shows.

use std::fmt;

use digicert_one_core::{Delivery, Phase, TransportErrorKind as Kind};

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Tcp,
    TcpToProxy,
    Connect,
    ConnectHalf,
    Handshake,
    HandshakeInTunnel,
    Upload,
    Response,
    Interim,
    Head,
    Body,
}

/// The event in that phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Silence until the connect limit expires.
    StallsToConnectLimit,
    /// Silence until the limit of the whole call expires.
    StallsToTotalLimit,
    /// No connection is taken.
    Refused,
    /// The connection ends properly: `close_notify` if there is TLS, and FIN.
    Fin,
    /// RST.
    Rst,
    /// `RST_STREAM` with an error, of HTTP/2.
    StreamReset,
    /// `GOAWAY` that counts the request in, and the end of the connection.
    GoAway,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) stage: Stage,
    pub(crate) turn: Turn,
    /// The allowed results; the first is that of a stack with full knowledge.
    pub(crate) ends: &'static [(Kind, Delivery)],
}

impl Row {
    /// Returns whether a call may end like this here.
    pub(crate) fn allows(&self, http2: bool, end: (Kind, Delivery)) -> bool {
        // An HTTP/2 connection that ends without a GOAWAY, or with a response owed, breaks the rules of HTTP/2 to some stacks.
        let is_broken = http2 && !self.turn.is_stall() && end == (Kind::Protocol, Delivery::Unknown);
        self.ends.contains(&end) || is_broken && self.ends.contains(&LOST[0])
    }
}

impl Turn {
    pub(crate) fn is_stall(self) -> bool {
        matches!(self, Self::StallsToConnectLimit | Self::StallsToTotalLimit)
    }

    /// Returns whether this exists in this version of HTTP.
    pub(crate) fn is_of(self, http2: bool) -> bool {
        http2 || !matches!(self, Self::StreamReset | Self::GoAway)
    }
}

impl Stage {
    /// Returns whether a connection is established, so that HTTP has begun.
    pub(crate) fn is_connected(self) -> bool {
        matches!(self, Self::Upload | Self::Response | Self::Interim | Self::Head | Self::Body)
    }

    pub(crate) fn has_proxy(self) -> bool {
        matches!(self, Self::TcpToProxy | Self::Connect | Self::ConnectHalf | Self::HandshakeInTunnel)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP to the server",
            Self::TcpToProxy => "TCP to the proxy",
            Self::Connect => "CONNECT, no response yet",
            Self::ConnectHalf => "CONNECT, half of the response",
            Self::Handshake => "TLS handshake",
            Self::HandshakeInTunnel => "TLS handshake through a proxy",
            Self::Upload => "the request is being written",
            Self::Response => "the request is written",
            Self::Interim => "an interim response has come",
            Self::Head => "a part of the head has come",
            Self::Body => "a part of the body has come",
        })
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StallsToConnectLimit => "stalls, connect limit",
            Self::StallsToTotalLimit => "stalls, total limit",
            Self::Refused => "is refused",
            Self::Fin => "FIN",
            Self::Rst => "RST",
            Self::StreamReset => "RST_STREAM",
            Self::GoAway => "GOAWAY and FIN",
        })
    }
}

const fn row(stage: Stage, turn: Turn, ends: &'static [(Kind, Delivery)]) -> Row {
    Row { stage, turn, ends }
}

const IN_TCP: &[(Kind, Delivery)] = &[
    (Kind::Timeout(Phase::Connect), Delivery::NotSent),
    (Kind::Timeout(Phase::ConnectOrHandshake), Delivery::NotSent),
];
const IN_TLS: &[(Kind, Delivery)] = &[
    (Kind::Timeout(Phase::Handshake), Delivery::NotSent),
    (Kind::Timeout(Phase::ConnectOrHandshake), Delivery::NotSent),
];
/// By the limit of the whole call; a stack may know no more.
const TCP_OF_CALL: &[(Kind, Delivery)] = &[IN_TCP[0], IN_TCP[1], (Kind::Timeout(Phase::Call), Delivery::NotSent)];
const TLS_OF_CALL: &[(Kind, Delivery)] = &[IN_TLS[0], IN_TLS[1], (Kind::Timeout(Phase::Call), Delivery::NotSent)];
const IN_TUNNEL: &[(Kind, Delivery)] = &[IN_TCP[0], IN_TLS[0], IN_TCP[1]];
const TUNNEL_OF_CALL: &[(Kind, Delivery)] = &[IN_TCP[0], IN_TLS[0], IN_TCP[1], TCP_OF_CALL[2]];
const NO_TUNNEL: &[(Kind, Delivery)] = &[(Kind::Proxy(None), Delivery::NotSent)];
const BROKEN_TLS: &[(Kind, Delivery)] = &[(Kind::Tls, Delivery::NotSent), (Kind::Interrupted, Delivery::NotSent)];
const LATE: &[(Kind, Delivery)] = &[(Kind::Timeout(Phase::Response), Delivery::Unknown)];
const LOST: &[(Kind, Delivery)] = &[(Kind::Interrupted, Delivery::Unknown)];
/// An interim response shows that the server has the request, and not what becomes of it.
const LATE_WITH_WORD: &[(Kind, Delivery)] = &[LATE[0], (Kind::Timeout(Phase::Response), Delivery::Sent)];
const LOST_WITH_WORD: &[(Kind, Delivery)] = &[LOST[0], (Kind::Interrupted, Delivery::Sent)];
/// Half a head is an invalid response for some stacks.
const LOST_IN_HEAD: &[(Kind, Delivery)] = &[LOST[0], (Kind::Protocol, Delivery::Unknown)];
const CUT: &[(Kind, Delivery)] = &[(Kind::BodyCut, Delivery::Sent)];
/// A reset may overtake what was sent before it, including the head.
const RESET_IN_BODY: &[(Kind, Delivery)] = &[CUT[0], LOST[0]];

/// Every phase and event that a server or proxy on loopback can produce.
pub(crate) const TABLE: &[Row] = &[
    row(Stage::Tcp, Turn::StallsToConnectLimit, IN_TCP),
    row(Stage::Tcp, Turn::StallsToTotalLimit, TCP_OF_CALL),
    row(Stage::Tcp, Turn::Refused, &[(Kind::Refused, Delivery::NotSent)]),
    row(Stage::TcpToProxy, Turn::StallsToConnectLimit, IN_TCP),
    row(Stage::TcpToProxy, Turn::StallsToTotalLimit, TCP_OF_CALL),
    row(Stage::TcpToProxy, Turn::Refused, NO_TUNNEL),
    row(Stage::Connect, Turn::StallsToConnectLimit, IN_TUNNEL),
    row(Stage::Connect, Turn::StallsToTotalLimit, TUNNEL_OF_CALL),
    row(Stage::Connect, Turn::Fin, NO_TUNNEL),
    row(Stage::Connect, Turn::Rst, NO_TUNNEL),
    row(Stage::ConnectHalf, Turn::StallsToConnectLimit, IN_TUNNEL),
    row(Stage::ConnectHalf, Turn::StallsToTotalLimit, TUNNEL_OF_CALL),
    row(Stage::ConnectHalf, Turn::Fin, NO_TUNNEL),
    row(Stage::ConnectHalf, Turn::Rst, NO_TUNNEL),
    row(Stage::Handshake, Turn::StallsToConnectLimit, IN_TLS),
    row(Stage::Handshake, Turn::StallsToTotalLimit, TLS_OF_CALL),
    row(Stage::Handshake, Turn::Fin, BROKEN_TLS),
    row(Stage::Handshake, Turn::Rst, BROKEN_TLS),
    row(Stage::HandshakeInTunnel, Turn::StallsToConnectLimit, IN_TUNNEL),
    row(Stage::HandshakeInTunnel, Turn::StallsToTotalLimit, TUNNEL_OF_CALL),
    row(Stage::HandshakeInTunnel, Turn::Fin, BROKEN_TLS),
    row(Stage::HandshakeInTunnel, Turn::Rst, BROKEN_TLS),
    row(Stage::Upload, Turn::StallsToTotalLimit, LATE),
    row(Stage::Upload, Turn::Fin, LOST),
    row(Stage::Upload, Turn::Rst, LOST),
    row(Stage::Upload, Turn::StreamReset, LOST),
    row(Stage::Response, Turn::StallsToTotalLimit, LATE),
    row(Stage::Response, Turn::Fin, LOST),
    row(Stage::Response, Turn::Rst, LOST),
    row(Stage::Response, Turn::StreamReset, LOST),
    row(Stage::Response, Turn::GoAway, LOST),
    row(Stage::Interim, Turn::StallsToTotalLimit, LATE_WITH_WORD),
    row(Stage::Interim, Turn::Fin, LOST_WITH_WORD),
    row(Stage::Interim, Turn::Rst, LOST_WITH_WORD),
    row(Stage::Head, Turn::StallsToTotalLimit, LATE),
    row(Stage::Head, Turn::Fin, LOST_IN_HEAD),
    row(Stage::Head, Turn::Rst, LOST_IN_HEAD),
    row(Stage::Body, Turn::StallsToTotalLimit, &[(Kind::Timeout(Phase::Body), Delivery::Sent)]),
    row(Stage::Body, Turn::Fin, CUT),
    row(Stage::Body, Turn::Rst, RESET_IN_BODY),
    row(Stage::Body, Turn::StreamReset, RESET_IN_BODY),
    row(Stage::Body, Turn::GoAway, CUT),
];

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/time-and-delivery.md");
    const BEGIN: &str =
        "<!-- begin: generated by `WRITE_DOCS=1 cargo test -p digicert-one-conformance --lib call_table` -->\n";
    const END: &str = "<!-- end: generated -->\n";

    fn lines() -> String {
        let mut text = String::from("| While | what happens | kind | delivery |\n|---|---|---|---|\n");
        for Row { stage, turn, ends } in TABLE {
            let kinds: Vec<_> = ends.iter().map(|(kind, _)| format!("`{kind:?}`")).collect();
            let mut deliveries: Vec<_> = ends.iter().map(|(_, delivery)| format!("`{delivery:?}`")).collect();
            deliveries.dedup();
            let mut kinds = kinds;
            kinds.dedup();
            let _ = writeln!(text, "| {stage} | {turn} | {} | {} |", kinds.join(" or "), deliveries.join(" or "));
        }
        text
    }

    #[test]
    fn the_page_shows_the_table() {
        let page = std::fs::read_to_string(PAGE).expect("the page is there");
        let (before, rest) = page.split_once(BEGIN).expect("the page has its first mark");
        let (_, after) = rest.split_once(END).expect("the page has its second mark");
        let fresh = format!("{before}{BEGIN}\n{}\n{END}{after}", lines());
        if std::env::var_os("WRITE_DOCS").is_some() {
            std::fs::write(PAGE, &fresh).expect("the page can be written");
        } else {
            assert_eq!(page, fresh, "docs/time-and-delivery.md is out of date; its first mark says what writes it");
        }
    }

    #[test]
    fn nothing_is_in_the_table_twice_and_not_sent_is_said_before_http_alone() {
        for (index, row) in TABLE.iter().enumerate() {
            let again = TABLE[..index].iter().any(|one| (one.stage, one.turn) == (row.stage, row.turn));
            assert!(!again, "{row:?}");
            let unsent = row.ends.iter().all(|(_, delivery)| *delivery == Delivery::NotSent);
            assert_eq!(unsent, !row.stage.is_connected(), "{row:?}");
        }
    }
}
