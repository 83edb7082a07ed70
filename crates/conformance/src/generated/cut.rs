//! FID-07, FID-08 and FID-10: responses truncated at any byte. The result must be an error unless the
//! response was complete by its framing, and what was delivered before must be a prefix of the body.

use bytes::Bytes;
use digicert_one_core::{Capability, Delivery, HttpVersions, TransportError};
use digicert_one_testbed::{Script, Step};
use http::Method;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::strategy::Just;

use super::http1::{Http1, http1};
use super::http2::{Http2, frame, http2};
use super::play::play;
use super::response::Size;
use super::served::{Got, Served, Splits, Wire, reported, splits};
use crate::world::World;

const SIZE: Size = Size { fields: 6, bytes: 1 << 10, usual: 600, longest: 8 << 10 };
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// Where a response is truncated.
#[derive(Clone, Debug)]
enum Place {
    Anywhere(Index),
    /// This many bytes before its end.
    BeforeEnd(usize),
    /// This many bytes after its head.
    AfterHead(usize),
}

/// How the server ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// close_notify, FIN.
    Clean,
    /// FIN alone.
    Abrupt,
    /// FIN alone, in the packet of the last bytes.
    AtOnce,
    /// RST: what the client has not read by then may be lost.
    Reset,
    /// RST_STREAM with this code, on a connection that stays.
    Stream(u8),
    /// GOAWAY with this code, and the end of the connection.
    GoAway(u8),
}

/// The expected result of a truncated response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    /// This many bytes of the body, and its end.
    Whole(usize),
    Error,
    /// This many bytes and their end, or an error: the body is complete, but its confirmation is missing.
    Either(usize),
}

pub(crate) async fn fid_07_http1_body_that_is_cut_anywhere_is_an_error(world: World) {
    http1_cut("FID-07", 60, &world, false).await;
}

pub(crate) async fn fid_10_http1_head_that_is_cut_anywhere_is_an_error(world: World) {
    http1_cut("FID-10", 24, &world, true).await;
}

async fn http1_cut(id: &str, usual: u32, world: &World, in_head: bool) {
    let served = Served::new(world, HttpVersions::Http1);
    let strategy = (http1(SIZE), splits(), place(), connection_end());
    play(id, world.draw, usual, strategy, async |(message, splits, place, end): (Http1, Splits, Place, End)| {
        let wire = message.wire(true);
        let at = if in_head { place.within(0, wire.head_ends - 1) } else { place.of(&wire) };
        let verdict = match wire.whole_at {
            _ if at < wire.head_ends => Verdict::Error,
            Some(whole) if at >= whole => Verdict::Whole(wire.body.len()),
            Some(_) => Verdict::Error,
            // Only close_notify confirms that this is all; some stacks treat an empty body as lost.
            None if matches!(end, End::Clean) && at > wire.head_ends => Verdict::Whole(at - wire.head_ends),
            None if matches!(end, End::Clean) => Verdict::Either(0),
            None => Verdict::Error,
        };
        let script = end.script(&wire, &splits, at, 0);
        let outcome = served.call(method(message.response.is_to_head), Bytes::new(), move |_| script).await;
        judged(outcome, verdict.over(end), &wire).map(drop).map_err(|why| format!("cut at {at}, {verdict:?}: {why}"))
    })
    .await;
}

pub(crate) async fn fid_08_http2_response_that_is_cut_anywhere_is_an_error(world: World) {
    if !world.has(Capability::Http2) {
        return;
    }
    let served = Served::new(&world, HttpVersions::Both);
    let stream_end = prop_oneof![
        select([1_u8, 2, 8, 11].as_slice()).prop_map(End::Stream),
        Just(End::Stream(0)),
        select([0_u8, 1, 2].as_slice()).prop_map(End::GoAway),
    ];
    let end = prop_oneof![connection_end(), stream_end];
    let strategy = (http2(SIZE), splits(), place(), end);
    play("FID-08", world.draw, 50, strategy, async |(message, splits, place, end): (Http2, Splits, Place, End)| {
        let wire = message.wire(1);
        let mut at = place.of(&wire);
        if matches!(end, End::Stream(_) | End::GoAway(_)) {
            at = wire.boundaries.iter().copied().filter(|boundary| *boundary <= at).max().unwrap_or(0);
        }
        let (whole, settled) = (wire.whole_at.unwrap_or(usize::MAX), wire.settled_at.unwrap_or(usize::MAX));
        // Without a length, some stacks accept an end without an error as a complete response: BODY-20 tests that.
        let end = match end {
            End::Stream(0) if !message.has_length => End::Stream(8),
            End::GoAway(0) if !message.has_length => End::GoAway(2),
            other => other,
        };
        let verdict = match end {
            // A stream that has ended cannot be reset.
            End::Stream(_) if at >= whole => Verdict::Either(wire.body.len()),
            _ if at >= whole => Verdict::Whole(wire.body.len()),
            _ if at >= settled => Verdict::Either(wire.body.len()),
            _ => Verdict::Error,
        };
        let method = method(message.response.is_to_head);
        let script = move |stream| end.script(&message.wire(stream), &splits, at, stream);
        let outcome = served.call(method, Bytes::new(), script).await;
        let was_whole = judged(outcome, verdict.over(end), &wire);
        if !matches!(was_whole, Ok(false)) {
            // The connection ends just now: the next call is not to meet that.
            served.renew();
        }
        was_whole.map(drop).map_err(|why| format!("cut at {at}, {verdict:?}: {why}"))
    })
    .await;
}

fn method(is_to_head: bool) -> Method {
    if is_to_head { Method::HEAD } else { Method::GET }
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        3 => any::<Index>().prop_map(Place::Anywhere),
        // Where the last chunk and its line ends are.
        4 => (0..5_usize).prop_map(Place::BeforeEnd),
        1 => (0..12_usize).prop_map(Place::AfterHead),
    ]
}

fn connection_end() -> impl Strategy<Value = End> {
    select([End::Clean, End::Abrupt, End::AtOnce, End::Reset].as_slice())
}

impl Place {
    /// From the first byte of the body (another case covers truncated heads) to the end.
    fn of(&self, wire: &Wire) -> usize {
        self.within(if wire.boundaries.is_empty() { wire.head_ends } else { 0 }, wire.bytes.len())
    }

    fn within(&self, first: usize, last: usize) -> usize {
        match self {
            Place::Anywhere(index) => first + index.index(last - first + 1),
            Place::BeforeEnd(bytes) => last.saturating_sub(*bytes).max(first),
            Place::AfterHead(bytes) => (first + bytes).min(last),
        }
    }
}

impl End {
    /// Writes up to this byte, and ends.
    fn script(self, wire: &Wire, splits: &Splits, at: usize, stream: u32) -> Script {
        let mut steps = vec![Step::ReadBody];
        steps.extend(wire.steps(splits, at));
        match self {
            End::Clean => steps.push(Step::CloseClean),
            End::Abrupt => steps.push(Step::CloseAbrupt),
            End::AtOnce => match steps.pop() {
                Some(Step::Write(last)) => steps.push(Step::WriteAndClose(last)),
                other => steps.extend(other.into_iter().chain([Step::CloseAbrupt])),
            },
            End::Reset => steps.push(Step::Reset),
            End::Stream(code) => steps.push(Step::write(frame(RST_STREAM, 0, stream, &[0, 0, 0, code]))),
            End::GoAway(code) => {
                let payload = [stream.to_be_bytes(), [0, 0, 0, code]].concat();
                steps.extend([Step::write(frame(GOAWAY, 0, 0, &payload)), Step::CloseClean]);
            }
        }
        steps
    }
}

impl Verdict {
    /// A reset may discard what the client has not read.
    fn over(self, end: End) -> Self {
        match self {
            Self::Whole(length) if matches!(end, End::Reset) => Self::Either(length),
            verdict => verdict,
        }
    }
}

/// Whether the response was taken for whole, if it may be.
fn judged(outcome: Result<Got, TransportError>, verdict: Verdict, wire: &Wire) -> Result<bool, String> {
    let got = match outcome {
        Ok(got) => got,
        Err(error) => return failed(&error, verdict, 0).map(|()| false),
    };
    if got.end.is_ok() && verdict == Verdict::Error {
        return Err(format!("it was taken for whole, with {} bytes", got.body.len()));
    }
    got.has_head_of(wire)?;
    if !wire.body.starts_with(&got.body) {
        return Err(format!("the {} bytes that were delivered are not the beginning of the body", got.body.len()));
    }
    match (&got.end, verdict) {
        (Err(error), _) => failed(error, verdict, got.body.len()).map(|()| false),
        (Ok(()), Verdict::Whole(length) | Verdict::Either(length)) if got.body.len() != length => {
            Err(format!("it was taken for whole, with {} bytes of {length}", got.body.len()))
        }
        (Ok(()), _) => Ok(true),
    }
}

fn failed(error: &TransportError, verdict: Verdict, delivered: usize) -> Result<(), String> {
    if matches!(verdict, Verdict::Whole(_)) {
        return Err(format!("it fails after {delivered} bytes of the body: {}", reported(error)));
    }
    // The server had read all of the request.
    if error.delivery() == Delivery::NotSent {
        return Err(format!("it is said not to have been sent: {}", reported(error)));
    }
    Ok(())
}
