//! Responses in HTTP/2 (RFC 9113), as frames: heads in one or several, bodies in DATA of any size with any padding, frames of other kinds
//! in between, and the three ways to end a stream.

use http::Version;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::Just;

use super::field::{Field, fields, values};
use super::response::{Response, Size, response};
use super::served::Wire;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
/// The longest frame that a client need accept.
const LONGEST: usize = 1 << 14;
/// What is sent per check of the window, which is 65,535 bytes at first.
const STRETCH: usize = 1 << 14;

/// A response and how it is written.
#[derive(Clone, Debug)]
pub(super) struct Http2 {
    pub(super) response: Response,
    pub(super) has_length: bool,
    /// Of DATA frames, again and again.
    sizes: Vec<usize>,
    padding: Vec<Option<u8>>,
    /// Where a head is split; one byte more than a frame holds is split anyway.
    split: Option<usize>,
    /// How fields are coded: as literals that are not indexed, never indexed, or indexed.
    coding: u8,
    /// Frames unrelated to the response, each after this many of its frames.
    others: Vec<(usize, Other)>,
    end: End,
}

#[derive(Clone, Debug)]
enum Other {
    Ping,
    Unknown(u8),
    Priority,
    Settings,
    Window,
}

/// What ends the stream.
#[derive(Clone, Debug)]
enum End {
    LastFrame,
    EmptyFrame,
    Trailers(Vec<Field>),
}

/// Any response.
pub(super) fn http2(size: Size) -> impl Strategy<Value = Http2> + Clone {
    let other = prop_oneof![
        Just(Other::Ping),
        (0xb0..=0xff_u8).prop_map(Other::Unknown),
        Just(Other::Priority),
        Just(Other::Settings),
        Just(Other::Window),
    ];
    let end = prop_oneof![
        3 => Just(End::LastFrame),
        2 => Just(End::EmptyFrame),
        1 => fields(&["x-end"], 6, 1 << 10).prop_map(End::Trailers),
    ];
    let padding = vec(option::of(any::<u8>()), 1..4);
    let frames = (vec(prop_oneof![0..3_usize, 1..60_usize, 1..LONGEST], 1..5), padding, option::of(0..200_usize));
    (response(size), any::<bool>(), frames, any::<u8>(), vec((0..6_usize, other), 0..4), end).prop_map(
        |(response, has_length, (sizes, padding, split), coding, others, end)| Http2 {
            response,
            has_length,
            sizes,
            padding,
            split,
            coding,
            others,
            end,
        },
    )
}

/// Frames as they are put together.
struct Frames {
    stream: u32,
    wire: Wire,
    bytes: Vec<u8>,
    others: Vec<(usize, Other)>,
    count: usize,
    /// Where the last frame of the response ends.
    end: usize,
    /// The position of the last byte of the body.
    data_end: usize,
}

impl Http2 {
    /// The bytes on this stream, and the expected result.
    pub(super) fn wire(&self, stream: u32) -> Wire {
        let has_body = self.response.has_body();
        let body = if has_body { self.response.body.bytes() } else { bytes::Bytes::new() };
        let mut fields = self.response.head.fields.clone();
        if self.has_length && self.response.head.status != 204 {
            let at = fields.len() / 2;
            fields.insert(at, Field::new("content-length", self.response.body.length.to_string()));
        }
        let values = values(fields.iter().map(|field| (field.name.as_str(), &*field.value)));
        let (status, version) = (self.response.head.status, Version::HTTP_2);
        let wire = Wire { status, version, values, body: body.clone(), ..Wire::default() };
        let mut frames =
            Frames { stream, wire, bytes: Vec::new(), others: self.others.clone(), count: 0, end: 0, data_end: 0 };
        for interim in &self.response.interim {
            self.push_head(&mut frames, 0, Some(interim.status), &interim.fields);
        }
        // A 304 with a length may end later (RFC 9113 section 8.1.1), but the library h2 0.4 then misses the body.
        let is_304 = self.response.head.status == 304;
        let ends = body.is_empty() && matches!(self.end, End::LastFrame) || is_304;
        self.push_head(&mut frames, if ends { END_STREAM } else { 0 }, Some(status), &fields);
        frames.wire.head_ends = frames.end;
        if !has_body || self.has_length && body.is_empty() {
            frames.wire.settled_at = Some(frames.end);
        }
        self.push_body(&mut frames, &body);
        match &self.end {
            _ if is_304 => {}
            // A response without a body has no trailers (RFC 9110 sections 15.3.5 and 15.4.5); see also `http1`.
            End::Trailers(_) if body.is_empty() => self.push_data(&mut frames, 0, &[], END_STREAM),
            End::LastFrame => {}
            End::EmptyFrame => self.push_data(&mut frames, 0, &[], END_STREAM),
            End::Trailers(trailers) => self.push_head(&mut frames, END_STREAM, None, trailers),
        }
        frames.wire.whole_at = Some(frames.end);
        frames.wire.settled_at.get_or_insert(frames.end);
        Wire { bytes: frames.bytes.into(), ..frames.wire }
    }

    fn push_head(&self, frames: &mut Frames, flags: u8, status: Option<u16>, fields: &[Field]) {
        let mut block = Vec::new();
        if let Some(status) = status {
            literal(&mut block, 0, &Field::new(":status", status.to_string()));
        }
        for (index, field) in fields.iter().enumerate() {
            // Literal without indexing, never indexed, with incremental indexing (RFC 7541 section 6.2).
            let kind = [0, 0x10, 0x40][(usize::from(self.coding) + index * usize::from(self.coding & 1)) % 3];
            literal(&mut block, kind, field);
        }
        let first = self.split.unwrap_or(LONGEST).min(LONGEST).min(block.len());
        let (first, rest) = block.split_at(first);
        // Few frames: clients limit how many they accept, against floods.
        let third = rest.len().div_ceil(3).clamp(1, LONGEST);
        let ends = |is_last: bool| if is_last { END_HEADERS } else { 0 };
        frames.push_raw(HEADERS, flags | ends(rest.is_empty()), first);
        let count = rest.chunks(third).count();
        for (number, part) in rest.chunks(third).enumerate() {
            frames.push_raw(CONTINUATION, ends(number + 1 == count), part);
        }
        frames.after_frame();
    }

    fn push_body(&self, frames: &mut Frames, body: &[u8]) {
        let (mut rest, mut sizes, mut number) = (body, self.sizes.iter().cycle(), 0);
        let mut empty = 0;
        while !rest.is_empty() {
            // Not thousands of frames where the body is long, nor more than two that are empty.
            let wanted = sizes.next().copied().unwrap_or(1);
            let least = if wanted == 0 && empty < 2 { 0 } else { (body.len() / 40).max(1) };
            let size = wanted.max(least).min(LONGEST - 257).min(rest.len());
            empty += usize::from(size == 0);
            let (part, left) = rest.split_at(size);
            rest = left;
            let ends = rest.is_empty() && matches!(self.end, End::LastFrame);
            self.push_data(frames, number, part, if ends { END_STREAM } else { 0 });
            number += 1;
        }
        if self.has_length && !body.is_empty() {
            // Before the padding.
            frames.wire.settled_at = Some(frames.data_end);
        }
    }

    fn push_data(&self, frames: &mut Frames, number: usize, data: &[u8], flags: u8) {
        let (padding, flags) = match self.padding[number % self.padding.len()] {
            Some(length) => ([vec![length], vec![0; usize::from(length)]], flags | PADDED),
            None => ([Vec::new(), Vec::new()], flags),
        };
        let payload = [&padding[0], data, &padding[1]].concat();
        frames.count_window(payload.len());
        frames.data_end = frames.bytes.len() + 9 + payload.len() - padding[1].len();
        frames.push_raw(DATA, flags, &payload);
        frames.after_frame();
    }
}

impl Frames {
    fn push_raw(&mut self, kind: u8, flags: u8, payload: &[u8]) {
        self.bytes.extend(frame(kind, flags, self.stream, payload));
    }

    /// Returns before which byte the server must check the window, and for how much.
    fn count_window(&mut self, length: usize) {
        match self.wire.windows.last_mut() {
            Some((_, counted)) if *counted + length <= STRETCH => *counted += length,
            _ => self.wire.windows.push((self.bytes.len(), length)),
        }
    }

    /// A complete frame, which others may follow; none may be within a head.
    fn after_frame(&mut self) {
        self.end = self.bytes.len();
        self.wire.boundaries.push(self.bytes.len());
        self.count += 1;
        let count = self.count;
        for (_, other) in self.others.extract_if(.., |(after, _)| *after < count) {
            self.bytes.extend(match other {
                Other::Ping => frame(PING, 0, 0, b"12345678"),
                Other::Unknown(kind) => frame(kind, 0xff, self.stream, b"of the future"),
                Other::Priority => frame(PRIORITY, 0, self.stream, &[0, 0, 0, 0, 15]),
                // An unknown setting.
                Other::Settings => frame(SETTINGS, 0, 0, &[0xf0, 0xf0, 0, 0, 0, 1]),
                Other::Window => frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
            });
            self.wire.boundaries.push(self.bytes.len());
        }
    }
}

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

/// A field as a literal (RFC 7541 section 6.2), its texts as they are.
fn literal(block: &mut Vec<u8>, kind: u8, field: &Field) {
    block.push(kind);
    for text in [field.name.as_bytes(), &field.value] {
        // An integer with a prefix of seven bits (section 5.1).
        match text.len() {
            length @ 0..127 => block.push(length as u8),
            length => {
                block.push(127);
                let mut rest = length - 127;
                while rest >= 128 {
                    block.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                block.push(rest as u8);
            }
        }
        block.extend(text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::Content;
    use super::super::response::Head;
    use super::*;

    #[test]
    fn frames_are_written_by_the_book() {
        let head = Head { status: 200, fields: vec![Field::new("x-a", "v".repeat(200))] };
        let response = Response { interim: Vec::new(), head, is_to_head: false, body: Content::plain(3) };
        let message = Http2 {
            response,
            has_length: false,
            sizes: vec![2],
            padding: vec![None, Some(1)],
            split: Some(3),
            coding: 0,
            others: vec![(1, Other::Ping)],
            end: End::LastFrame,
        };
        let wire = message.wire(5);
        let block = [&b"\0\x07:status\x03200"[..], b"\0\x03x-a\x7f\x49", &[b'v'; 200]].concat();
        let rest = &block[3..];
        let mut expected = frame(HEADERS, 0, 5, &block[..3]);
        let third = rest.len().div_ceil(3);
        for (flags, part) in [0, 0, END_HEADERS].into_iter().zip(rest.chunks(third)) {
            expected.extend(frame(CONTINUATION, flags, 5, part));
        }
        expected.extend(frame(DATA, 0, 5, b"aa"));
        expected.extend(frame(PING, 0, 0, b"12345678"));
        expected.extend(frame(DATA, END_STREAM | PADDED, 5, b"\x01a\0"));
        assert_eq!(wire.bytes, expected);
        assert_eq!((wire.whole_at, wire.settled_at), (Some(expected.len()), Some(expected.len())));
        assert_eq!(wire.windows.iter().map(|(_, bytes)| bytes).sum::<usize>(), 2 + 3);
    }
}
