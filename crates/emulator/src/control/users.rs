//! The part of steering that changes who exists: users, their tokens and certificates, and the whole state. No caller on the platform
//! makes these changes, so no audit log shows them.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::handle::{Control, ControlError};
use crate::end_date::{EndDate, rfc3339};
use crate::state::{AuthCertificate, Standing, State, Token, User};

impl Control {
    /// Everything that is steered, and who exists with what: as JSON, without any secret.
    pub fn state(&self) -> Value {
        let now = self.now();
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
                "clock": { "now": rfc3339(now), "fixed": self.time_is_fixed() },
                "limit": self.current_limit(),
                "maintenance": maintenance,
                "error_shapes": shapes.collect::<Value>(),
                "faults": self.faults(),
                "accounts": accounts.collect::<Value>(),
                "users": state.users.iter().map(|user| user_json(user, now)).collect::<Value>(),
            })
        })
    }

    /// Activates or disables a user, by friendly name or id.
    ///
    /// # Errors
    ///
    /// There is no such user, or the state file cannot be written.
    pub fn set_user_active(&self, user: &str, active: bool) -> Result<(), ControlError> {
        self.change(user, |user| Ok(user), |user| user.active = active)
    }

    /// Sets or removes the end date of a user, by friendly name or id.
    ///
    /// # Errors
    ///
    /// As [`Control::set_user_active`].
    pub fn set_user_end_date(&self, user: &str, end_date: Option<EndDate>) -> Result<(), ControlError> {
        self.change(user, |user| Ok(user), |user| user.end_date = end_date)
    }

    /// Enables or disables an API token, by its id, its name, or its place among its user's, counted from 0.
    ///
    /// # Errors
    ///
    /// There is no such user or token, or the state file cannot be written.
    pub fn set_token_enabled(&self, user: &str, token: &str, enabled: bool) -> Result<(), ControlError> {
        self.change(user, |user| token_of(user, token), |token| token.enabled = enabled)
    }

    /// Sets or removes the end date of an API token.
    ///
    /// # Errors
    ///
    /// As [`Control::set_token_enabled`].
    pub fn set_token_end_date(&self, user: &str, token: &str, end: Option<EndDate>) -> Result<(), ControlError> {
        self.change(user, |user| token_of(user, token), |token| token.end_date = end)
    }

    /// Enables or disables a client certificate, by its id, its nickname, or its place among its user's, counted from 0.
    ///
    /// # Errors
    ///
    /// There is no such user or certificate, or the state file cannot be written.
    pub fn set_certificate_enabled(&self, user: &str, certificate: &str, enabled: bool) -> Result<(), ControlError> {
        self.change(user, |user| certificate_of(user, certificate), |own| own.enabled = enabled)
    }

    /// Sets or removes the end date of a client certificate, as the platform knows it. The X.509 dates stay.
    ///
    /// # Errors
    ///
    /// As [`Control::set_certificate_enabled`].
    pub fn set_certificate_end_date(
        &self,
        user: &str,
        certificate: &str,
        end: Option<EndDate>,
    ) -> Result<(), ControlError> {
        self.change(user, |user| certificate_of(user, certificate), |own| own.end_date = end)
    }

    /// Everything as it was when this emulator started: who exists, the time, faults, limits, shapes, the server's certificate.
    /// Observations are forgotten; ledgers are not.
    ///
    /// # Errors
    ///
    /// The emulator is gone, or the state file cannot be written.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.renew_server_certificate()?;
        self.write(|state| *state = State::clone(&self.start))?;
        self.steering.reset();
        self.store.observed().clear();
        Ok(())
    }

    /// Writes the state file now, though each change writes it anyway, and returns its path.
    ///
    /// # Errors
    ///
    /// The emulator has no state file, or it cannot be written.
    pub fn save(&self) -> Result<PathBuf, ControlError> {
        let path = self.store.path.as_deref().ok_or(ControlError::NoStateFile)?;
        self.store.save(path).map_err(|source| ControlError::Save(Box::new(source)))?;
        Ok(path.to_owned())
    }

    fn change<T>(
        &self,
        user: &str,
        find: impl FnOnce(&mut User) -> Result<&mut T, ControlError>,
        change: impl FnOnce(&mut T),
    ) -> Result<(), ControlError> {
        let mut outcome = Err(ControlError::NoSuchUser { name: user.to_owned() });
        self.write(|state| {
            let by_id = state.users.iter().position(|other| other.id == user);
            let position = by_id.or_else(|| state.users.iter().position(|other| other.friendly_name == user));
            if let Some(user) = position.and_then(|position| state.users.get_mut(position)) {
                outcome = find(user).map(change);
            }
        })?;
        outcome
    }

    fn write(&self, change: impl FnOnce(&mut State)) -> Result<(), ControlError> {
        self.store.change_quietly(change).map_err(|error| ControlError::NotKept { message: error.message })
    }
}

fn token_of<'u>(user: &'u mut User, which: &str) -> Result<&'u mut Token, ControlError> {
    let place = place(which, user.tokens.iter().map(|token| (token.id.as_str(), token.name.as_str())));
    let missing =
        ControlError::NoSuchCredential { name: user.friendly_name.clone(), what: "API token", id: which.to_owned() };
    place.and_then(|place| user.tokens.get_mut(place)).ok_or(missing)
}

fn certificate_of<'u>(user: &'u mut User, which: &str) -> Result<&'u mut AuthCertificate, ControlError> {
    let names = user.certificates.iter().map(|own| (own.id.as_str(), own.nickname.as_str()));
    let place = place(which, names);
    let missing = ControlError::NoSuchCredential {
        name: user.friendly_name.clone(),
        what: "client certificate",
        id: which.to_owned(),
    };
    place.and_then(|place| user.certificates.get_mut(place)).ok_or(missing)
}

/// The place of what has this id, or else this name, or else stands at this place.
fn place<'n>(which: &str, ids_and_names: impl Iterator<Item = (&'n str, &'n str)> + Clone) -> Option<usize> {
    let by_id = ids_and_names.clone().position(|(id, _)| id == which);
    by_id.or_else(|| ids_and_names.clone().position(|(_, name)| name == which)).or_else(|| which.parse().ok())
}

fn user_json(user: &User, now: SystemTime) -> Value {
    let common = |id: &str, name: &str, enabled: bool, end: Option<EndDate>, standing: Standing| {
        json!({
            "id": id,
            "name": name,
            "enabled": enabled,
            "end_date": end,
            "status": standing,
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
        "id": user.id,
        "friendly_name": user.friendly_name,
        "user_type": user.user_type,
        "active": user.active,
        "end_date": user.end_date,
        "status": user.standing(now),
        "roles": user.roles,
        "permissions": user.all_permissions(),
        "tokens": user.tokens.iter().map(token).collect::<Vec<_>>(),
        "certificates": user.certificates.iter().map(certificate).collect::<Vec<_>>(),
    })
}
