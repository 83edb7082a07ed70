//! The part of the control API that changes users, their tokens and certificates, and the whole state. No
//! platform caller makes these changes, so they are not in the audit log.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::handle::{Control, ControlError};
use crate::last_day::{LastDay, rfc3339};
use crate::state::{AuthCertificate, Standing, State, Token, User};

/// What can be disabled and can expire. Tokens and certificates are identified by id, by name, or by their
/// index among their user's, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The user itself.
    User,
    /// One of its API tokens.
    Token(&'a str),
    /// One of its client certificates.
    Certificate(&'a str),
}

impl Control {
    /// Returns the whole configuration and all users with their credentials, as JSON without secrets.
    pub fn state(&self) -> Value {
        let now = self.clock().now();
        let maintenance = self.steering.limits.maintenance(now).map(|(maintenance, end)| {
            let mut json = json!(maintenance.retry_after);
            json["ends"] = json!(end.map(rfc3339));
            json
        });
        let shapes = self.steering.shapes();
        let shapes = shapes.iter().map(|(path, shape)| json!({ "path": path, "shape": shape }));
        self.store.read(|state| {
            let accounts = state.accounts.iter().map(|account| json!({ "id": account.id, "name": account.name }));
            json!({
                "clock": { "now": rfc3339(now), "fixed": self.clock().is_fixed() },
                "limit": self.steering.limits.limit(), "maintenance": maintenance,
                "error_shapes": shapes.collect::<Value>(), "faults": self.faults(),
                "accounts": accounts.collect::<Value>(),
                "users": state.users.iter().map(|user| user_json(user, now)).collect::<Value>(),
            })
        })
    }

    /// Enables or disables a user, by friendly name or id, or one of its credentials. Fails if it does not
    /// exist, or the state file cannot be written.
    pub fn set_enabled(&self, user: &str, subject: Subject<'_>, enabled: bool) -> Result<(), ControlError> {
        self.change(user, subject, |own, _| *own = enabled)
    }

    /// Sets or removes the end date of a user, by friendly name or id, or of something that it has. The X.509 dates of a certificate
    /// stay. Fails as [`Control::set_enabled`].
    pub fn set_end_date(&self, user: &str, subject: Subject<'_>, end: Option<LastDay>) -> Result<(), ControlError> {
        self.change(user, subject, |_, own| *own = end)
    }

    /// Restores the state at the start of this emulator: users, time, faults, limits, error shapes, the
    /// server's certificate. Observations are cleared; ledgers are not.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.renew_server_certificate()?;
        self.write(|state| *state = State::clone(&self.start))?;
        self.steering.reset();
        self.store.observed().clear();
        Ok(())
    }

    /// Writes the state file now, though each change writes it anyway, and returns its path.
    pub fn save(&self) -> Result<PathBuf, ControlError> {
        let path = self.store.path.as_deref().ok_or(ControlError::NoStateFile)?;
        self.store.save(path).map_err(|source| ControlError::Save(Box::new(source)))?;
        Ok(path.to_owned())
    }

    fn change(
        &self,
        user: &str,
        subject: Subject<'_>,
        change: impl FnOnce(&mut bool, &mut Option<LastDay>),
    ) -> Result<(), ControlError> {
        let mut outcome = Err(ControlError::NoSuchUser(user.to_owned()));
        self.write(|state| {
            let by_id = state.users.iter().position(|other| other.id == user);
            let position = by_id.or_else(|| state.users.iter().position(|other| other.friendly_name == user));
            if let Some(user) = position.and_then(|position| state.users.get_mut(position)) {
                outcome = subject.of(user).map(|(enabled, end_date)| change(enabled, end_date));
            }
        })?;
        outcome
    }

    fn write(&self, change: impl FnOnce(&mut State)) -> Result<(), ControlError> {
        self.store.change_quietly(change).map_err(|error| ControlError::NotKept(error.message))
    }
}

impl Subject<'_> {
    /// Whether it is enabled, and its end date.
    fn of(self, user: &mut User) -> Result<(&mut bool, &mut Option<LastDay>), ControlError> {
        let name = user.friendly_name.clone();
        let missing = |what, id: &str| ControlError::NoSuchCredential(name, what, id.to_owned());
        match self {
            Subject::User => Ok((&mut user.active, &mut user.end_date)),
            Subject::Token(which) => {
                let names = user.tokens.iter().map(|own| (own.id.as_str(), own.name.as_str()));
                let found = place(which, names).and_then(|place| user.tokens.get_mut(place));
                found.map(|own| (&mut own.enabled, &mut own.end_date)).ok_or_else(|| missing("API token", which))
            }
            Subject::Certificate(which) => {
                let names = user.certificates.iter().map(|own| (own.id.as_str(), own.nickname.as_str()));
                let found = place(which, names).and_then(|place| user.certificates.get_mut(place));
                found
                    .map(|own| (&mut own.enabled, &mut own.end_date))
                    .ok_or_else(|| missing("client certificate", which))
            }
        }
    }
}

/// Returns the index of the item with this id, else this name, else this index.
fn place<'n>(which: &str, ids_and_names: impl Iterator<Item = (&'n str, &'n str)> + Clone) -> Option<usize> {
    let by_id = ids_and_names.clone().position(|(id, _)| id == which);
    by_id.or_else(|| ids_and_names.clone().position(|(_, name)| name == which)).or_else(|| which.parse().ok())
}

fn user_json(user: &User, now: SystemTime) -> Value {
    let common = |id: &str, name: &str, enabled: bool, end: Option<LastDay>, standing: Standing| {
        json!({
            "id": id, "name": name, "enabled": enabled, "end_date": end, "status": standing,
        })
    };
    let token = |token: &Token| common(&token.id, &token.name, token.enabled, token.end_date, token.standing(now));
    let certificate = |own: &AuthCertificate| {
        let mut value = common(&own.id, &own.nickname, own.enabled, own.end_date, own.standing(now));
        value["fingerprint"] = own.fingerprint.clone().into();
        value["serial_number"] = own.serial_number.clone().into();
        value
    };
    json!({
        "id": user.id, "friendly_name": user.friendly_name, "user_type": user.user_type, "active": user.active,
        "end_date": user.end_date, "status": user.standing(now), "roles": user.roles,
        "permissions": user.all_permissions(), "tokens": user.tokens.iter().map(token).collect::<Vec<_>>(),
        "certificates": user.certificates.iter().map(certificate).collect::<Vec<_>>(),
    })
}
