//! The rotation of the API key, step by step: make the next one, keep it, prove it, switch to it, and only then disable the old one.

use std::sync::Arc;

use digicert_one::account::{NewToken, UserId};
use digicert_one::credentials::{EndDate, KeptSecret, Reload, Safekeeping, SecretFacts, SecretKind};
use digicert_one_emulator::EndDate as Day;

use super::stage::{DAY, Stage, USER, internal};
use crate::failure::Failure;

/// How many days the next key is asked for.
const DAYS: u32 = 90;

/// Replaces the API key of the stage's client and says what was done, a line for each step.
///
/// Everything that knows how a key is replaced is in this function.
pub(super) async fn rotate(stage: &Stage) -> Result<Vec<String>, Failure> {
    let (tokens, now) = (stage.client.account().tokens(), stage.clock.now());
    let before = tokens.list(&UserId::me()).all().await?;
    // Nothing is made that could not be kept.
    let place = Safekeeping::prepare_unblocked(SecretKind::ApiKey, Arc::new(stage.sink()), None);
    let place = place.await.map_err(internal)?;
    let name = format!("{USER} {}", Day::day_of(now));
    let ends: EndDate = Day::day_of(now + DAY * DAYS).to_string().parse().map_err(internal)?;
    let made = tokens.create(&NewToken::new(&name).with_end_date(ends)).await?;
    let secret = KeptSecret::api_key(made.api_key, SecretFacts::new().with_name(&name).with_ends(Some(ends), None));
    let kept = place.keep_unblocked(secret).await.1.map_err(internal)?;
    let mut steps = vec![format!("the API token \"{name}\" is made (until {ends}), its key is in the {}", kept.place)];

    let generation = match stage.credential.reload().await.map_err(internal)? {
        Reload::Replaced(generation) => generation,
        _ => return Err(Failure::Demo("the new key is kept, and the client's credential did not see it".to_owned())),
    };
    // The client proves a newer generation by a call of its own before any other call goes out with it.
    stage.client.account().users().me().await?;
    if stage.client.generation() != Some(generation) {
        return Err(Failure::Demo(format!("the new key was not taken: generation {generation} is not in use")));
    }
    steps.push(format!("the new key is proved by a call, and in use from here on (generation {generation})"));

    for old in before.iter().filter(|token| token.is_enabled() != Some(false)) {
        let disabled = tokens.disable(&old.id).await?;
        if disabled.is_enabled() != Some(false) {
            return Err(Failure::Demo(format!("the old API token {} was not disabled", old.id.as_str())));
        }
        steps.push("the old API token is disabled".to_owned());
    }
    Ok(steps)
}
