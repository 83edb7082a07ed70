//! Tests random inputs against a property until one fails, and shrinks that one.
//!
//! The inputs and their shrinking are proptest's; its runner is not used, since a property here waits for a
//! transport and must do so under the executor of the case.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::Draw;

/// What making an input smaller may cost: attempts, and time where each attempt waits for a limit.
const ATTEMPTS: u32 = 400;
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays `usual` inputs, or more where the run asks for more.
///
/// # Panics
/// An input fails. The seed and the smallest input that fails are in the message.
pub(super) async fn play<S, P>(id: &str, draw: Draw, usual: u32, strategy: S, property: P)
where
    S: Strategy,
    P: AsyncFn(S::Value) -> Result<(), String>,
{
    let (seed, inputs) = (draw.seed(), draw.inputs(usual));
    let mut runner = TestRunner::new_with_rng(Config::default(), rng(seed, id));
    for number in 1..=inputs {
        let mut tree = strategy.new_tree(&mut runner).expect("an input can be drawn");
        let Err(mut why) = holds(&property, tree.current()).await else { continue };
        let mut smallest = tree.current();
        let (begin, mut attempts) = (Instant::now(), 0);
        let mut is_smaller = tree.simplify();
        while is_smaller && attempts < ATTEMPTS && begin.elapsed() < PATIENCE {
            attempts += 1;
            is_smaller = match holds(&property, tree.current()).await {
                Err(still) => {
                    (why, smallest) = (still, tree.current());
                    tree.simplify()
                }
                Ok(()) => tree.complicate(),
            };
        }
        panic!(
            "{why}\ninput {number} of {inputs}, seed {seed}; the smallest input that fails, after {attempts} \
             attempts:\n{smallest:#?}\nagain: --case {id} --seed {seed}{draw} (or DIGICERT_ONE_CONFORMANCE_SEED={seed})"
        );
    }
}

/// Whether the property holds of this input. A panic is a failure like another, or it would hide its input.
async fn holds<V, P: AsyncFn(V) -> Result<(), String>>(property: &P, input: V) -> Result<(), String> {
    let outcome = AssertUnwindSafe(property(input)).catch_unwind().await;
    outcome.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        Err(format!("it panics: {}", text.unwrap_or("without a word")))
    })
}

/// Each case has its own random numbers, so that a new case does not change the inputs of the others.
fn rng(seed: u64, id: &str) -> TestRng {
    let mut bytes = [0; 32];
    let given = seed.to_le_bytes().into_iter().chain(id.bytes());
    bytes.iter_mut().zip(given).for_each(|(byte, given)| *byte = given);
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::panic::catch_unwind;

    use futures_executor::block_on;

    use super::*;

    fn drawn(seed: &str) -> Vec<u32> {
        let seen = RefCell::new(Vec::new());
        let draw = Draw::of_environment().seeded(seed).expect("a seed");
        block_on(play("FID-00", draw, 50, 0..1000_u32, async |input| {
            seen.borrow_mut().push(input);
            Ok(())
        }));
        seen.into_inner()
    }

    #[test]
    fn seed_determines_the_inputs() {
        assert_eq!(drawn("5"), drawn("5"));
        assert_ne!(drawn("5"), drawn("6"));
    }

    fn words(property: fn(u32) -> Result<(), String>) -> String {
        let draw = Draw::of_environment().seeded("5").expect("a seed");
        let payload = catch_unwind(|| block_on(play("FID-00", draw, 50, 0..1000_u32, async |input| property(input))));
        payload.expect_err("an input fails").downcast_ref::<String>().expect("a message").clone()
    }

    #[test]
    fn failure_shows_the_smallest_input_and_the_seed() {
        for shown in [
            words(|input| if input < 100 { Ok(()) } else { Err(format!("{input} is too much")) }),
            words(|input| if input < 100 { Ok(()) } else { panic!("{input} is too much") }),
        ] {
            assert!(shown.contains("100 is too much") && shown.contains("\n100\n"), "{shown}");
            assert!(shown.contains("--case FID-00 --seed 5"), "{shown}");
        }
    }
}
