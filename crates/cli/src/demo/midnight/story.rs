//! The month before the end and the day after it: who calls when, what comes of it, and what should have.

use std::time::{Duration, SystemTime};

use digicert_one::core::{Code, Diagnosis};
use digicert_one::{Error, account::AccountExt as _};

use super::rotation;
use super::stage::{DAY, Stage};
use crate::failure::Failure;

/// Between two calls.
const PAUSE: Duration = Duration::from_secs(6 * 60 * 60);
/// Before the end, the key is replaced.
const AHEAD: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// Something worth a line.
pub(super) struct Event {
    pub(super) at: SystemTime,
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Of a refused call.
    pub(super) diagnosis: Option<Diagnosis>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Reminder,
    Rotation,
    Call,
    Refused,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Rotation => "rotation",
            Self::Call => "call",
            Self::Refused => "refused",
        }
    }
}

/// One half of the story, as it went.
#[derive(Default)]
pub(super) struct Half {
    pub(super) rotation: bool,
    pub(super) events: Vec<Event>,
    pub(super) good: usize,
    pub(super) refused: usize,
    /// Differences from the expected course.
    pub(super) deviations: Vec<String>,
}

/// Plays one half, from the first second of the month to the day after its last.
pub(super) async fn play(stage: &Stage, rotation: bool) -> Result<Half, Failure> {
    let mut half = Half { rotation, ..Half::default() };
    let (begin, midnight) = (stage.clock.now(), stage.end + SECOND);
    let every = |from: SystemTime, to: SystemTime| {
        std::iter::successors(Some(from), |moment| Some(*moment + PAUSE)).take_while(move |moment| *moment < to)
    };
    let moments = every(begin, stage.end).chain([stage.end]).chain(every(midnight, midnight + DAY));
    for moment in moments {
        stage.clock.fix(moment);
        half.call(stage, moment == begin || moment == stage.end || moment == midnight).await?;
        if moment == midnight && !rotation {
            half.unaware(stage).await?;
        }
        if rotation && is_due(stage).await? {
            for text in rotation::rotate(stage).await? {
                half.events.push(Event { at: moment, kind: Kind::Rotation, text, diagnosis: None });
            }
        }
    }
    half.remind(stage).await;
    half.judge(stage);
    Ok(half)
}

async fn is_due(stage: &Stage) -> Result<bool, Failure> {
    let expiry = stage.client.expiry().await?;
    Ok(expiry.is_some_and(|expiry| expiry.remaining(stage.clock.now()) <= AHEAD))
}

impl Half {
    /// Makes the call of the integration; adds it to the story if `shown` says so.
    async fn call(&mut self, stage: &Stage, shown: bool) -> Result<(), Failure> {
        let (at, arrived) = (stage.clock.now(), stage.emulator.observed().len());
        let result = stage.client.account().users().me().await;
        let arrived = stage.emulator.observed().len() > arrived;
        let ended = !self.rotation && at > stage.end;
        match result {
            Ok(user) => {
                self.good += 1;
                if ended {
                    self.deviations.push(format!("a call succeeded after the end, at {}", rfc3339(at)));
                }
                if shown {
                    let name = user.friendly_name.unwrap_or_default();
                    let text = match at == stage.end {
                        true => format!("200, {name}: the last second of the old key"),
                        false => format!("200, {name}"),
                    };
                    self.events.push(Event { at, kind: Kind::Call, text, diagnosis: None });
                }
            }
            Err(error) => {
                self.refused += 1;
                if !ended || error.code() != Code::ID_15 || arrived {
                    self.deviations.push(format!("{} at {}: {error}", error.code(), rfc3339(at)));
                }
                if shown || !ended {
                    self.refusal(at, "nothing was sent: the client knows the end", &error);
                }
            }
        }
        Ok(())
    }

    /// The same key in a program that does not know its end: there the platform refuses.
    async fn unaware(&mut self, stage: &Stage) -> Result<(), Failure> {
        let at = stage.clock.now();
        match stage.unaware()?.account().users().me().await {
            Ok(_) => self.deviations.push("the platform took a key that has ended".to_owned()),
            Err(error) => {
                let status = error.status().map(|status| status.as_u16());
                if error.code() != Code::AUT_01 || status != Some(401) {
                    self.deviations.push(format!("the platform's refusal is {} and not AUT-01: {error}", error.code()));
                }
                self.refusal(at, "by the platform, of a program that does not know the end", &error);
            }
        }
        Ok(())
    }

    fn refusal(&mut self, at: SystemTime, text: &str, error: &Error) {
        let diagnosis = Some(error.diagnosis().clone());
        self.events.push(Event { at, kind: Kind::Refused, text: text.to_owned(), diagnosis });
    }

    /// Puts the reminders where they belong. Which of them there should be follows from whether the key was replaced.
    async fn remind(&mut self, stage: &Stage) {
        let reminders = stage.reminders().await;
        let days: Vec<u32> = reminders.iter().map(|reminder| reminder.days).collect();
        let expected: &[u32] = if self.rotation { &[30, 14] } else { &[30, 14, 7, 1] };
        if days != expected {
            self.deviations.push(format!("reminders came {days:?} days before the end and not {expected:?}"));
        }
        self.events.extend(reminders.iter().map(|reminder| Event {
            at: reminder.expiry.at - reminder.remaining,
            kind: Kind::Reminder,
            text: reminder.to_string(),
            diagnosis: None,
        }));
        // At one moment: the reminder, and then what was done about it.
        self.events.sort_by_key(|event| (event.at, event.kind == Kind::Rotation, event.kind == Kind::Refused));
    }

    fn judge(&mut self, stage: &Stage) {
        let after = usize::from(!self.rotation) * 4;
        if self.refused != after {
            self.deviations.push(format!("{} calls were refused and not {after}", self.refused));
        }
        // What the client says is one thing, what the platform saw another.
        let seen = stage.emulator.observed().iter().filter(|seen| seen.status >= 400).count();
        let expected = usize::from(!self.rotation);
        if seen != expected {
            self.deviations.push(format!("the platform refused {seen} calls and not {expected}"));
        }
        let rotated = self.events.iter().any(|event| event.kind == Kind::Rotation);
        if rotated != self.rotation {
            self.deviations.push("the key was not replaced when it was due".to_owned());
        }
    }
}

/// A moment of the story, in whole seconds.
pub(super) fn rfc3339(moment: SystemTime) -> String {
    jiff::Timestamp::try_from(moment).unwrap_or(jiff::Timestamp::MAX).to_string()
}
