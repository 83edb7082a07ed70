//! External trust vectors: the server vectors of x509-limbo (<https://github.com/C2SP/x509-limbo>), run over
//! the network. The vectors are not part of this crate: the caller passes their text. This module reports the
//! results; the reader of the table compares them with the expectations.

mod outcome;
mod play;
mod vector;

use std::fmt;
use std::time::Duration;

pub use self::outcome::LimboOutcome;
use self::vector::Vector;
use crate::run::limited;
use crate::subject::Subject;
use crate::world::World;

/// A vector that takes longer has hung. The slowest have a hundred intermediates.
const LIMIT: Duration = Duration::from_secs(60);

/// One vector on one transport.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LimboCell {
    /// The vector.
    pub id: String,
    /// Whether the profile of the vectors (CA/Browser Forum and RFC 5280 together) permits the chain.
    pub permitted: bool,
    /// The transport's result.
    pub outcome: LimboOutcome,
    /// The deepest message of the libraries, if there was an error.
    pub raw: Option<String>,
}

/// The line of a table, without what would break it.
impl fmt::Display for LimboCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permitted = if self.permitted { "permitted" } else { "forbidden" };
        let raw = self.raw.as_deref().unwrap_or_default().replace('\t', " ");
        write!(f, "{}\t{permitted}\t{}\t{raw}", self.id, self.outcome)
    }
}

/// Runs each vector of `limbo` (the text of x509-limbo's `limbo.json`) whose id contains `filter`, in order.
///
/// # Errors
/// The text is not a file of vectors.
pub fn limbo_table(subject: &Subject, limbo: &str, filter: &str) -> Result<Vec<LimboCell>, String> {
    let vectors = vector::read(limbo)?;
    let chosen = vectors.into_iter().filter(|vector| vector.id.contains(filter));
    Ok(chosen.map(|vector| cell(subject, &vector)).collect())
}

fn cell(subject: &Subject, vector: &Vector) -> LimboCell {
    let (outcome, raw) = match vector.shown() {
        Err(why) => (LimboOutcome::NotPlayable(why), None),
        Ok(shown) => {
            let (send, receive) = std::sync::mpsc::channel();
            let (world, id) = (World::new(subject), vector.id.clone());
            (subject.block_on)(Box::pin(async move {
                let playing = async {
                    let _ = send.send(play::play(&world, shown).await);
                };
                limited(playing, &id, LIMIT).await;
            }));
            receive.recv().unwrap_or_else(|_| (LimboOutcome::Unexpected("nothing was seen".to_owned()), None))
        }
    };
    LimboCell { id: vector.id.clone(), permitted: vector.is_permitted(), outcome, raw }
}
