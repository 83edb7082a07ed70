//! FID-04 to FID-06: whole responses, in every writing and framing, and in pieces that end anywhere.

use bytes::Bytes;
use digicert_one_core::{Capability, HttpVersions};
use digicert_one_testbed::Step;
use http::Method;

use super::http1::{Http1, http1};
use super::http2::{Http2, http2};
use super::play::play;
use super::response::Size;
use super::served::{Served, Splits, Wire, reported, splits};
use crate::world::World;

/// Heads up to the limit, which counts four bytes a field where HTTP/2 counts 32.
const HEADS: Size = Size { fields: 240, bytes: 60 << 10, usual: 40, longest: 100 };
const BODIES: Size = Size { fields: 6, bytes: 1 << 10, usual: 600, longest: 2 << 20 };

pub(crate) async fn fid_04_any_response_head_arrives_as_sent(world: World) {
    over_http1("FID-04", 40, &world, HEADS).await;
    over_http2("FID-04", 40, &world, HEADS).await;
}

pub(crate) async fn fid_05_any_http1_body_arrives_whole(world: World) {
    over_http1("FID-05", 60, &world, BODIES).await;
}

pub(crate) async fn fid_06_any_http2_body_arrives_whole(world: World) {
    over_http2("FID-06", 60, &world, BODIES).await;
}

async fn over_http1(id: &str, usual: u32, world: &World, size: Size) {
    let served = Served::new(world, HttpVersions::Http1);
    play(id, world.draw, usual, (http1(size), splits()), async |(message, splits): (Http1, Splits)| {
        let wire = message.wire(false);
        let ends = message.ends_by_close();
        let steps = wire.steps(&splits, wire.bytes.len());
        let script = [Step::ReadBody].into_iter().chain(steps).chain(ends.then_some(Step::CloseClean)).collect();
        arrives(&served, message.response.is_to_head, &wire, move |_| script).await
    })
    .await;
}

async fn over_http2(id: &str, usual: u32, world: &World, size: Size) {
    if !world.has(Capability::Http2) {
        return;
    }
    let served = Served::new(world, HttpVersions::Both);
    play(id, world.draw, usual, (http2(size), splits()), async |(message, splits): (Http2, Splits)| {
        let (wire, is_to_head) = (message.wire(1), message.response.is_to_head);
        let script = move |stream| {
            let wire = message.wire(stream);
            [Step::ReadBody].into_iter().chain(wire.steps(&splits, wire.bytes.len())).collect()
        };
        arrives(&served, is_to_head, &wire, script).await
    })
    .await;
}

async fn arrives(
    served: &Served,
    is_to_head: bool,
    wire: &Wire,
    script: impl FnOnce(u32) -> Vec<Step> + Send + 'static,
) -> Result<(), String> {
    let method = if is_to_head { Method::HEAD } else { Method::GET };
    match served.call(method, Bytes::new(), script).await {
        Ok(got) => got.is(wire),
        Err(error) => Err(format!("the call fails: {}", reported(&error))),
    }
}
