//! Faults of the pace: a call that does not get its turn is not sent.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one_client::{LocalPace, Pace, PaceError, Permit, Throttled, Turn};
use digicert_one_core::Code;
use digicert_one_testbed::FrontOptions;

use super::lab::client;
use super::{Fault, fault};
use crate::world::{front, key};

const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) const FAULTS: &[Fault] = &[
    fault("a turn that comes after the deadline", Code::PACE_01, &[], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let pace = LocalPace::new().rate(NonZeroU32::MIN, HOUR);
            let client = client(world.builder(front.port()).pace(pace), key());
            client.get("/").send().await.expect("the first call of the hour").bytes().await.expect("a body");
            let error = client.get("/").send().await.expect_err("the second has to wait for an hour");
            assert_eq!(front.ledger().requests().len(), 1, "it was not sent");
            error.into()
        })
    }),
    fault("a shared pace that does not answer", Code::PACE_02, &[], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let client = client(world.builder(front.port()).pace(Lost), key());
            let error = client.get("/").send().await.expect_err("nobody gives a permit");
            assert!(front.ledger().connections().is_empty(), "it was not sent");
            error.into()
        })
    }),
];

/// A pace whose store is not reached.
#[derive(Debug)]
struct Lost;

#[async_trait]
impl Pace for Lost {
    async fn permit(&self, _turn: &Turn<'_>) -> Result<Permit, PaceError> {
        Err(PaceError::Unavailable("no answer from the store".into()))
    }

    async fn throttled(&self, _notice: &Throttled) {}
}
