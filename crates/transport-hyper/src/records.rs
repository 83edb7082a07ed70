//! The clear-text part of a TLS connection, read off the wire, for engines that show little of it. A handshake of TLS 1.2 is in clear
//! until ChangeCipherSpec, one of TLS 1.3 until the server's hello. Nothing here decides anything: what cannot be read is unknown.

use digicert_one_core::{TlsAlert, TlsVersion};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

const PRE_SHARED_KEY: u16 = 41;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

/// What a handshake showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandshakeRecords {
    /// The other side said something that is not TLS.
    pub not_tls: bool,
    /// An alert of the server in clear text.
    pub alert: Option<TlsAlert>,
    /// The version that the server chose.
    pub version: Option<TlsVersion>,
    /// Whether the server agreed to resume a session.
    pub resumed: Option<bool>,
    /// Whether the server asked for a client certificate; known for TLS 1.2 only.
    pub certificate_requested: Option<bool>,
    /// Whether our certificate left; known for TLS 1.2 only.
    pub certificate_sent: Option<bool>,
}

/// Reads what the server and what we sent.
pub(crate) fn read(server: &[u8], client: &[u8]) -> HandshakeRecords {
    let server = Flight::read(server);
    let mut seen = HandshakeRecords { not_tls: server.not_tls, alert: server.alert, ..HandshakeRecords::default() };
    let Some(hello) = server.find(SERVER_HELLO).and_then(Hello::read) else { return seen };
    seen.version = hello.version;
    match hello.version {
        Some(TlsVersion::Tls13) => seen.resumed = (!hello.is_retry).then_some(hello.has_key_of_before),
        Some(TlsVersion::Tls12) => {
            let done = server.find(SERVER_HELLO_DONE).is_some();
            // RFC 5246 §7.3: the abbreviated handshake has no certificates, and the server changes ciphers at once.
            seen.resumed = (done || server.ended).then_some(!done);
            if done {
                let requested = server.find(CERTIFICATE_REQUEST).is_some();
                seen.certificate_requested = Some(requested);
                seen.certificate_sent = if requested {
                    // Who has none sends an empty list.
                    let ours = Flight::read(client);
                    let list = ours.find(CERTIFICATE);
                    Some(list.and_then(|list| list.get(..3)).is_some_and(|length| length != [0; 3]))
                } else {
                    Some(false)
                };
            } else if !server.ended {
                seen.certificate_sent = Some(false);
            }
        }
        _ => {}
    }
    seen
}

/// Reads the types of a server's records, which are in clear text whatever is in them, from its first byte on.
#[derive(Debug, Default)]
pub(crate) struct RecordTypes {
    head: [u8; 5],
    known: usize,
    left: usize,
    ciphers_changed: bool,
    finished: bool,
}

impl RecordTypes {
    /// Whether a handshake message is among the records that begin in `bytes` and follow the first handshake of TLS 1.2: the server
    /// wants a second one. In a handshake of TLS 1.2 one message follows ChangeCipherSpec (RFC 5246 section 7.3).
    pub(crate) fn begins_handshake(&mut self, mut bytes: &[u8]) -> bool {
        let mut found = false;
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            let Some((next, rest)) = bytes.split_first() else { break };
            self.head[self.known] = *next;
            self.known += 1;
            bytes = rest;
            if self.known == self.head.len() {
                match self.head[0] {
                    CHANGE_CIPHER_SPEC => self.ciphers_changed = true,
                    HANDSHAKE if self.finished => found = true,
                    HANDSHAKE => self.finished = self.ciphers_changed,
                    _ => {}
                }
                self.known = 0;
                self.left = usize::from(u16::from_be_bytes([self.head[3], self.head[4]]));
            }
        }
        found
    }
}

/// The messages of one side that are in clear text.
#[derive(Default)]
struct Flight {
    messages: Vec<(u8, Vec<u8>)>,
    alert: Option<TlsAlert>,
    not_tls: bool,
    /// What follows is encrypted.
    ended: bool,
}

impl Flight {
    fn read(mut bytes: &[u8]) -> Self {
        let mut flight = Self { not_tls: !starts_like_tls(bytes), ..Self::default() };
        let mut stream = Vec::new();
        // A message may go over several records, and a record hold several messages.
        while let [kind, 3, _, high, low, rest @ ..] = bytes {
            let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
            let (record, next) = rest.split_at(length);
            match *kind {
                HANDSHAKE => stream.extend_from_slice(record),
                ALERT => {
                    flight.alert = record.get(1).copied().map(TlsAlert);
                    break;
                }
                CHANGE_CIPHER_SPEC | APPLICATION_DATA => {
                    flight.ended = true;
                    break;
                }
                _ => break,
            }
            bytes = next;
        }
        let mut stream = &stream[..];
        while let [kind, a, b, c, rest @ ..] = stream {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            let Some((body, next)) = rest.split_at_checked(length) else { break };
            flight.messages.push((*kind, body.to_vec()));
            stream = next;
        }
        flight
    }

    fn find(&self, kind: u8) -> Option<&[u8]> {
        self.messages.iter().find(|(one, _)| *one == kind).map(|(_, body)| &body[..])
    }
}

/// No records at all are not a contradiction.
fn starts_like_tls(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [kind] => (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(kind),
        [kind, major, ..] => (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(kind) && *major == 3,
    }
}

/// A server's hello (RFC 8446 §4.1.3).
struct Hello {
    version: Option<TlsVersion>,
    has_key_of_before: bool,
    is_retry: bool,
}

impl Hello {
    fn read(body: &[u8]) -> Option<Self> {
        let (legacy, rest) = body.split_at_checked(2)?;
        let (_random, rest) = rest.split_at_checked(32)?;
        let (session, rest) = rest.split_first()?;
        let (_session, rest) = rest.split_at_checked(usize::from(*session))?;
        let (_cipher_and_compression, rest) = rest.split_at_checked(3)?;
        let mut hello = Self { version: version(legacy), has_key_of_before: false, is_retry: false };
        // A hello without extensions ends here.
        let mut extensions = rest.get(2..).unwrap_or_default();
        while let [kind_high, kind_low, high, low, rest @ ..] = extensions {
            let (data, next) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
            match u16::from_be_bytes([*kind_high, *kind_low]) {
                SUPPORTED_VERSIONS => hello.version = version(data),
                PRE_SHARED_KEY => hello.has_key_of_before = true,
                // A request to begin again names a group and has no share of it (§4.2.8).
                KEY_SHARE => hello.is_retry = data.len() == 2,
                _ => {}
            }
            extensions = next;
        }
        Some(hello)
    }
}

/// A version's number on the wire (§4.2.1).
fn version(number: &[u8]) -> Option<TlsVersion> {
    match number {
        [3, 3] => Some(TlsVersion::Tls12),
        [3, 4] => Some(TlsVersion::Tls13),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        record.extend((payload.len() as u16).to_be_bytes());
        record.extend(payload);
        record
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind];
        message.extend(&(body.len() as u32).to_be_bytes()[1..]);
        message.extend(body);
        message
    }

    fn hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0x13, 1, 0]);
        let list: Vec<u8> = extensions
            .iter()
            .flat_map(|(kind, data)| [&kind.to_be_bytes()[..], &(data.len() as u16).to_be_bytes()[..], data].concat())
            .collect();
        body.extend((list.len() as u16).to_be_bytes());
        body.extend(list);
        message(SERVER_HELLO, &body)
    }

    const TLS13: (u16, &[u8]) = (SUPPORTED_VERSIONS, &[3, 4]);
    const SHARE: (u16, &[u8]) = (KEY_SHARE, &[0, 29, 0, 1, 9]);

    #[test]
    fn full_tls13_handshake_shows_version_and_hides_certificates() {
        let server = [record(HANDSHAKE, &hello(&[TLS13, SHARE])), record(APPLICATION_DATA, &[1, 2, 3])].concat();
        let seen = read(&server, &[]);
        assert_eq!(
            seen,
            HandshakeRecords { version: Some(TlsVersion::Tls13), resumed: Some(false), ..HandshakeRecords::default() }
        );
    }

    #[test]
    fn resumed_tls13_handshake_names_the_previous_key() {
        let resumed = read(&record(HANDSHAKE, &hello(&[TLS13, SHARE, (PRE_SHARED_KEY, &[0, 0])])), &[]);
        assert_eq!(resumed.resumed, Some(true));
        let again = read(&record(HANDSHAKE, &hello(&[TLS13, (KEY_SHARE, &[0, 29])])), &[]);
        assert_eq!((again.version, again.resumed), (Some(TlsVersion::Tls13), None));
    }

    #[test]
    fn tls12_handshake_shows_certificate_request_and_response() {
        let asking = [
            hello(&[]),
            message(CERTIFICATE, &[0, 0, 0]),
            message(CERTIFICATE_REQUEST, &[1]),
            message(SERVER_HELLO_DONE, &[]),
        ]
        .concat();
        // Cut anywhere: messages and records need not end together.
        let server: Vec<u8> = asking.chunks(7).flat_map(|part| record(HANDSHAKE, part)).collect();
        for (list, sent) in [(&[0, 0, 0][..], false), (&[0, 0, 4, 0, 0, 1, 9][..], true)] {
            let seen = read(&server, &record(HANDSHAKE, &message(CERTIFICATE, list)));
            assert_eq!(seen.version, Some(TlsVersion::Tls12));
            assert_eq!(seen.resumed, Some(false));
            assert_eq!((seen.certificate_requested, seen.certificate_sent), (Some(true), Some(sent)));
        }
        let silent = [hello(&[]), message(CERTIFICATE, &[0, 0, 0]), message(SERVER_HELLO_DONE, &[])].concat();
        let seen = read(&record(HANDSHAKE, &silent), &[]);
        assert_eq!((seen.certificate_requested, seen.certificate_sent), (Some(false), Some(false)));
    }

    #[test]
    fn tls12_certificate_is_not_sent_when_we_stop_first() {
        let asking = [
            hello(&[]),
            message(CERTIFICATE, &[0, 0, 0]),
            message(CERTIFICATE_REQUEST, &[1]),
            message(SERVER_HELLO_DONE, &[]),
        ]
        .concat();
        let seen = read(&record(HANDSHAKE, &asking), &record(ALERT, &[2, 48]));
        assert_eq!((seen.certificate_requested, seen.certificate_sent), (Some(true), Some(false)));
    }

    #[test]
    fn second_handshake_shows_in_the_type_of_its_record() {
        let first = [
            record(HANDSHAKE, &[2; 50]),
            record(HANDSHAKE, &[14; 4]),
            record(CHANGE_CIPHER_SPEC, &[1]),
            record(HANDSHAKE, &[9; 40]),
        ];
        let data = [&first.concat()[..], &record(APPLICATION_DATA, &[HANDSHAKE; 40]), &record(ALERT, &[1, 0])].concat();
        let hello = record(HANDSHAKE, &[9; 30]);
        for size in 1..data.len() {
            let mut types = RecordTypes::default();
            assert!(!data.chunks(size).any(|part| types.begins_handshake(part)), "{size}");
            let found: Vec<_> = hello.chunks(size).map(|part| types.begins_handshake(part)).collect();
            assert_eq!(found.iter().filter(|found| **found).count(), 1, "{size}");
        }
    }

    #[test]
    fn abbreviated_tls12_handshake_counts_as_resumed() {
        let server =
            [record(HANDSHAKE, &hello(&[])), record(CHANGE_CIPHER_SPEC, &[1]), record(HANDSHAKE, &[9; 40])].concat();
        let seen = read(&server, &[]);
        assert_eq!((seen.resumed, seen.certificate_requested), (Some(true), None));
    }

    #[test]
    fn alert_is_read_in_clear_text_only() {
        assert_eq!(read(&record(ALERT, &[2, 70]), &[]).alert, Some(TlsAlert(70)));
        let later = [record(CHANGE_CIPHER_SPEC, &[1]), record(ALERT, &[2, 70])].concat();
        assert_eq!(read(&later, &[]).alert, None);
    }

    #[test]
    fn clear_text_response_is_distinguished_from_silence() {
        assert!(read(b"HTTP/1.1 400 Bad Request\r\n", &[]).not_tls);
        assert!(read(b"H", &[]).not_tls);
        assert!(read(&[HANDSHAKE, 9, 1, 0, 0], &[]).not_tls && read(&[9, 3, 1, 0, 0], &[]).not_tls);
        assert!(!read(b"", &[]).not_tls && !read(&[HANDSHAKE], &[]).not_tls);
        assert!(!read(&record(ALERT, &[2, 40]), &[]).not_tls);
    }

    #[test]
    fn reader_accepts_every_prefix_of_a_handshake() {
        let whole = [record(HANDSHAKE, &hello(&[TLS13, SHARE])), record(APPLICATION_DATA, &[0; 30])].concat();
        for end in 0..whole.len() {
            let seen = read(&whole[..end], &whole[..end]);
            assert!(seen.version.is_none_or(|version| version == TlsVersion::Tls13), "{end}");
        }
    }
}
