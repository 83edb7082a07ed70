//! FID-09: refusals that are sent before the request was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use digicert_one_core::HttpVersions;
use digicert_one_testbed::Step;
use http::Method;
use proptest::prelude::{Strategy as _, any};
use proptest::sample::select;

use super::field::{Content, content};
use super::http1::{Http1, http1};
use super::http2::{Http2, frame, http2};
use super::play::play;
use super::response::Size;
use super::served::{Served, Splits, reported, splits};
use crate::world::World;

const SIZE: Size = Size { fields: 6, bytes: 1 << 10, usual: 600, longest: 1 << 10 };
const RST_STREAM: u8 = 3;

/// A request, and its response in either version of HTTP: which is spoken is the transport's choice.
#[derive(Clone, Debug)]
struct Early {
    versions: HttpVersions,
    method: Method,
    upload: Content,
    http1: Http1,
    http2: Http2,
    splits: Splits,
    /// Whether the server then stops the upload, if HTTP/2 has a way to do so (RFC 9113 section 8.1).
    resets: bool,
}

pub(crate) async fn fid_09_refusal_before_the_upload_has_ended_arrives_whole(world: World) {
    let served: Vec<_> =
        world.http_versions().into_iter().map(|versions| (versions, Served::new(&world, versions))).collect();
    let methods = select([Method::POST, Method::PUT, Method::PATCH].as_slice());
    let upload = content(100 << 10, 2 << 20);
    // Why else should a server not want the upload.
    let status = select([400_u16, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503].as_slice());
    let call = (select(world.http_versions()), methods, upload, any::<bool>(), status);
    let strategy = (call, http1(SIZE), http2(SIZE), splits()).prop_map(|(call, mut http1, mut http2, splits)| {
        let (versions, method, upload, resets, status) = call;
        (http1.response.head.status, http2.response.head.status) = (status, status);
        (http1.response.is_to_head, http2.response.is_to_head) = (false, false);
        Early { versions, method, upload, http1, http2, splits, resets }
    });
    play("FID-09", world.draw, 24, strategy, async |early: Early| {
        let (_, served) = served.iter().find(|(versions, _)| *versions == early.versions).expect("one for each");
        early.plays(served).await
    })
    .await;
}

impl Early {
    async fn plays(&self, served: &Served) -> Result<(), String> {
        let spoken = Arc::new(AtomicU32::new(0));
        let (early, noted) = (self.clone(), Arc::clone(&spoken));
        let script = move |stream| {
            noted.store(stream, Ordering::SeqCst);
            let is_http1 = stream == 0;
            let wire = if is_http1 { early.http1.wire(true) } else { early.http2.wire(stream) };
            // In one piece over HTTP/1.1: libcurl may abort the upload, and with it the rest of the response
            // (docs/transports.md).
            let at_once = Splits::none();
            let splits = if is_http1 { &at_once } else { &early.splits };
            let mut steps = wire.steps(splits, wire.bytes.len());
            if is_http1 {
                // Read to its end, so that no reset overtakes the response.
                steps.extend([Step::ReadBody, Step::CloseClean]);
            } else if early.resets && early.upload.length > 0 {
                steps.push(Step::write(frame(RST_STREAM, 0, stream, &[0; 4])));
            } else {
                steps.push(Step::ReadBody);
            }
            steps
        };
        let outcome = served.call(self.method.clone(), self.upload.bytes(), script).await;
        let stream = spoken.load(Ordering::SeqCst);
        let wire = if stream == 0 { self.http1.wire(true) } else { self.http2.wire(stream) };
        match outcome {
            // libcurl may abort the upload over HTTP/1.1, and with it the rest of the body
            // (docs/transports.md): as an error, never as an end. BODY-08 tests complete refusals over
            // HTTP/1.1.
            Ok(got) if stream == 0 && got.end.is_err() && wire.body.starts_with(&got.body) => got.has_head_of(&wire),
            Ok(got) => got.is(&wire),
            Err(error) => Err(format!("the call fails: {}", reported(&error))),
        }
    }
}
