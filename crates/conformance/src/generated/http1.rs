//! Responses in HTTP/1.1 (RFC 9112), in any of the ways to write them: letter case and blanks of fields, reason phrases, and the three
//! framings of a body.

use std::iter::repeat_n;

use http::Version;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::Just;

use super::field::{Field, fields, values};
use super::response::{Response, Size, response};
use super::served::Wire;

/// A response and how it is written.
#[derive(Clone, Debug)]
pub(super) struct Http1 {
    pub(super) response: Response,
    reason: &'static str,
    /// A bit for each letter of a name that is a capital.
    capitals: u64,
    /// The blanks around values.
    blanks: usize,
    pub(super) framing: Framing,
}

/// How the end of a body is known.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    Length,
    Chunked {
        /// Again and again, until the body is at its end.
        sizes: Vec<usize>,
        extension: &'static str,
        /// Zeros before the size of a chunk.
        zeros: usize,
        is_upper: bool,
        trailers: Vec<Field>,
    },
    /// By the end of the connection.
    Close,
}

/// Any response, any framing.
pub(super) fn http1(size: Size) -> impl Strategy<Value = Http1> + Clone {
    let reason = select(["OK", "", "Not Quite What You Think", "a:b\t\"c\"", "caf\u{e9}"].as_slice());
    let chunked = (
        vec(prop_oneof![1..40_usize, 1..5000_usize], 1..5),
        select(["", ";a", ";a=b", ";name=\"quoted; text\";other"].as_slice()),
        0..3_usize,
        any::<bool>(),
        prop_oneof![2 => Just(Vec::new()), 1 => fields(&["x-end"], 6, 1 << 10)],
    );
    let chunked = chunked.prop_map(|(sizes, extension, zeros, is_upper, trailers)| Framing::Chunked {
        sizes,
        extension,
        zeros,
        is_upper,
        trailers,
    });
    let framing = prop_oneof![2 => Just(Framing::Length), 3 => chunked, 1 => Just(Framing::Close)];
    (response(size), reason, any::<u64>(), 0..BLANKS.len(), framing).prop_map(
        |(response, reason, capitals, blanks, mut framing)| {
            if response.body.length == 0 {
                match &mut framing {
                    // Without a body before them, libcurl does not distinguish trailers from headers
                    // (docs/transports.md).
                    Framing::Chunked { trailers, .. } => trailers.clear(),
                    // This looks like one that never arrived: some stacks report it.
                    Framing::Close => framing = Framing::Length,
                    Framing::Length => {}
                }
            }
            Http1 { response, reason, capitals, blanks, framing }
        },
    )
}

/// Before and after a value (RFC 9112 section 5).
const BLANKS: [(&str, &str); 5] = [(" ", ""), ("", ""), ("  ", " "), ("\t", " \t"), (" \t ", "  ")];

impl Http1 {
    /// Whether the server has to end the connection to end the body.
    pub(super) fn ends_by_close(&self) -> bool {
        self.response.has_body() && matches!(self.framing, Framing::Close)
    }

    /// The bytes, and the expected result. `closes`: the connection is announced to end.
    pub(super) fn wire(&self, closes: bool) -> Wire {
        let mut bytes = Vec::new();
        for interim in &self.response.interim {
            self.write_head(&mut bytes, interim.status, &interim.fields);
        }
        let mut fields = self.response.head.fields.clone();
        // Somewhere among the others.
        let at = fields.len() / 2;
        if closes || self.ends_by_close() {
            fields.insert(at, Field::new("connection", "close"));
        }
        let length = self.response.body.length;
        match &self.framing {
            _ if self.response.head.status == 204 => {}
            Framing::Length => fields.insert(at, Field::new("content-length", length.to_string())),
            Framing::Chunked { .. } if self.response.head.status != 304 => {
                fields.insert(at, Field::new("transfer-encoding", "chunked"));
            }
            Framing::Chunked { .. } | Framing::Close => {}
        }
        self.write_head(&mut bytes, self.response.head.status, &fields);
        let head_ends = bytes.len();
        let body = if self.response.has_body() { self.response.body.bytes() } else { bytes::Bytes::new() };
        if self.response.has_body() {
            self.write_body(&mut bytes, &body);
        }
        let whole_at = (!self.ends_by_close()).then_some(bytes.len());
        let values = values(fields.iter().map(|field| (field.name.as_str(), &*field.value)));
        let (status, version) = (self.response.head.status, Version::HTTP_11);
        let settled_at = whole_at;
        Wire { bytes: bytes.into(), status, version, values, body, head_ends, settled_at, whole_at, ..Wire::default() }
    }

    fn write_head(&self, bytes: &mut Vec<u8>, status: u16, fields: &[Field]) {
        // The reason may hold bytes above ASCII (obs-text), which are used literally.
        let reason = self.reason.chars().map(|character| character as u8);
        bytes.extend(format!("HTTP/1.1 {status} ").bytes().chain(reason).chain(*b"\r\n"));
        for (index, field) in fields.iter().enumerate() {
            let is_capital = |place: usize| self.capitals >> ((place + index) % 64) & 1 == 1;
            let name = field.name.bytes().enumerate();
            bytes.extend(name.map(|(place, byte)| if is_capital(place) { byte.to_ascii_uppercase() } else { byte }));
            let (before, after) = BLANKS[(self.blanks + index) % BLANKS.len()];
            let (before, after) = if self.blanks == 0 { BLANKS[0] } else { (before, after) };
            bytes.extend([b":", before.as_bytes(), &field.value, after.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
    }

    fn write_body(&self, bytes: &mut Vec<u8>, body: &[u8]) {
        let Framing::Chunked { sizes, extension, zeros, is_upper, trailers } = &self.framing else {
            bytes.extend(body);
            return;
        };
        let line = |bytes: &mut Vec<u8>, size: usize| {
            bytes.extend(repeat_n(b'0', *zeros));
            let size = if *is_upper { format!("{size:X}") } else { format!("{size:x}") };
            bytes.extend([size.as_bytes(), extension.as_bytes(), b"\r\n"].concat());
        };
        let (mut rest, mut sizes) = (body, sizes.iter().cycle());
        while !rest.is_empty() {
            // Not thousands of chunks where the body is long.
            let size = sizes.next().map_or(1, |size| (*size).max(body.len() / 40)).min(rest.len());
            let (chunk, left) = rest.split_at(size);
            line(bytes, size);
            bytes.extend([chunk, b"\r\n"].concat());
            rest = left;
        }
        line(bytes, 0);
        for trailer in trailers {
            bytes.extend([trailer.name.as_bytes(), b": ", &trailer.value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::Content;
    use super::super::response::Head;
    use super::*;

    fn chunked(length: usize, status: u16) -> Http1 {
        let head = Head { status, fields: vec![Field::new("x-a", "1")] };
        let interim = vec![Head { status: 103, fields: Vec::new() }];
        let response = Response { interim, head, is_to_head: false, body: Content::plain(length) };
        let framing = Framing::Chunked {
            sizes: vec![2, 3],
            extension: ";a=b",
            zeros: 1,
            is_upper: false,
            trailers: vec![Field::new("x-end", "1")],
        };
        Http1 { response, reason: "OK", capitals: 1, blanks: 0, framing }
    }

    #[test]
    fn chunked_response_is_written_by_the_book() {
        let wire = chunked(4, 200).wire(true);
        let head = "HTTP/1.1 103 OK\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-encoding: chunked\r\nconnection: close\r\nx-a: 1\r\n\r\n";
        let body = "02;a=b\r\naa\r\n02;a=b\r\naa\r\n00;a=b\r\nx-end: 1\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&wire.bytes), format!("{head}{body}"));
        assert_eq!((wire.head_ends, wire.whole_at), (head.len(), Some(head.len() + body.len())));
        assert_eq!(wire.values["transfer-encoding"], [b"chunked"]);
    }

    #[test]
    fn response_without_content_ends_with_its_head() {
        let wire = chunked(4, 204).wire(false);
        assert_eq!((wire.whole_at, wire.body.len()), (Some(wire.head_ends), 0));
        assert!(!wire.values.contains_key("transfer-encoding"));
    }
}
