//! The part of steering that changes who exists: users, their tokens and certificates, and the whole state.
//!
//! What is changed here was changed by nobody on the platform, so no audit log shows it.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::forms::fault_json;
use super::{Control, ControlError};
use crate::end_date::{EndDate, rfc3339};
use crate::state::{AuthCertificate, Standing, State, Token, User};

impl Control {
    /// Everything that is steered, and who exists with what: as JSON, without any secret.
    pub fn state(&self) -> Value {
        let now = self.now();
        let limit = self.current_limit().map(|limit| {
            json!({
                "calls": limit.calls,
                "window_seconds": limit.window.as_secs(),
                "retry_after_form": limit.retry_after.name(),
            })
        });
        let maintenance = self.steering.limits.maintenance(now).map(|(maintenance, end)| {
            json!({
                "retry_after_seconds": maintenance.retry_after.wait().as_secs(),
                "retry_after_form": maintenance.retry_after.form().name(),
                "ends": end.map(rfc3339),
            })
        });
        let shapes =
            |(path, shape): (&str, crate::error_shape::ErrorShape)| json!({ "path": path, "shape": shape.name() });
        let (accounts, users) = self.store.read(|state| {
            let accounts: Vec<_> =
                state.accounts.iter().map(|account| json!({ "id": account.id, "name": account.name })).collect();
            (accounts, state.users.iter().map(|user| user_json(user, now)).collect::<Vec<_>>())
        });
        json!({
            "clock": { "now": rfc3339(now), "fixed": self.time_is_fixed() },
            "limit": limit,
            "maintenance": maintenance,
            "error_shapes": self.steering.shapes().iter().map(shapes).collect::<Vec<_>>(),
            "faults": self.faults().iter().map(fault_json).collect::<Vec<_>>(),
            "accounts": accounts,
            "users": users,
        })
    }

    /// Activates or disables a user, by friendly name or id.
    ///
    /// # Errors
    ///
    /// There is no such user, or the state file cannot be written.
    pub fn set_user_active(&self, user: &str, active: bool) -> Result<(), ControlError> {
        self.change(user, |user| {
            user.active = active;
            Ok(())
        })
    }

    /// Sets or takes away the last day of a user, by friendly name or id.
    ///
    /// # Errors
    ///
    /// As [`Control::set_user_active`].
    pub fn set_user_end_date(&self, user: &str, end_date: Option<EndDate>) -> Result<(), ControlError> {
        self.change(user, |user| {
            user.end_date = end_date;
            Ok(())
        })
    }

    /// Enables or disables an API token, by its id, its name, or its place among its user's, counted from 0.
    ///
    /// # Errors
    ///
    /// There is no such user or token, or the state file cannot be written.
    pub fn set_token_enabled(&self, user: &str, token: &str, enabled: bool) -> Result<(), ControlError> {
        self.change(user, |user| {
            token_of(user, token)?.enabled = enabled;
            Ok(())
        })
    }

    /// Sets or takes away the last day of an API token.
    ///
    /// # Errors
    ///
    /// As [`Control::set_token_enabled`].
    pub fn set_token_end_date(&self, user: &str, token: &str, end: Option<EndDate>) -> Result<(), ControlError> {
        self.change(user, |user| {
            token_of(user, token)?.end_date = end;
            Ok(())
        })
    }

    /// Enables or disables a client certificate, by its id, its nickname, or its place among its user's, counted from 0.
    ///
    /// # Errors
    ///
    /// There is no such user or certificate, or the state file cannot be written.
    pub fn set_certificate_enabled(&self, user: &str, certificate: &str, enabled: bool) -> Result<(), ControlError> {
        self.change(user, |user| {
            certificate_of(user, certificate)?.enabled = enabled;
            Ok(())
        })
    }

    /// Sets or takes away the last day of a client certificate, as the platform knows it. What stands in the certificate stays.
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
        self.change(user, |user| {
            certificate_of(user, certificate)?.end_date = end;
            Ok(())
        })
    }

    /// Everything as it was when this emulator started: who exists, the time, faults, limits, shapes, the server's certificate.
    /// Observations are forgotten; ledgers are not.
    ///
    /// # Errors
    ///
    /// The emulator is gone, or the state file cannot be written.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.renew_server_certificate()?;
        self.keep(|state| *state = State::clone(&self.start))?;
        self.steering.reset();
        self.store.forget_observed();
        Ok(())
    }

    /// Writes the state file now, though each change writes it anyway, and returns its path.
    ///
    /// # Errors
    ///
    /// The emulator has no state file, or it cannot be written.
    pub fn save(&self) -> Result<PathBuf, ControlError> {
        let path = self.store.path().ok_or(ControlError::NoStateFile)?;
        self.store.save(path).map_err(|source| ControlError::Save(Box::new(source)))?;
        Ok(path.to_owned())
    }

    fn change(
        &self,
        user: &str,
        change: impl FnOnce(&mut User) -> Result<(), ControlError>,
    ) -> Result<(), ControlError> {
        let mut outcome = Err(ControlError::NoSuchUser { name: user.to_owned() });
        self.keep(|state| {
            // Nobody's id is somebody else's name by accident, but an id is what it says.
            let position = state
                .users
                .iter()
                .position(|other| other.id == user)
                .or_else(|| state.users.iter().position(|other| other.friendly_name == user));
            if let Some(user) = position.and_then(|position| state.users.get_mut(position)) {
                outcome = change(user);
            }
        })?;
        outcome
    }

    fn keep(&self, change: impl FnOnce(&mut State)) -> Result<(), ControlError> {
        self.store.change_quietly(change).map_err(|fault| ControlError::NotKept { message: fault.message })
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

fn user_json(user: &User, now: std::time::SystemTime) -> Value {
    let common = |id: &str, name: &str, enabled: bool, end: Option<EndDate>, standing: Standing| {
        json!({
            "id": id,
            "name": name,
            "enabled": enabled,
            "end_date": end.map(|end| end.to_string()),
            "status": standing.word(),
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
        "end_date": user.end_date.map(|end| end.to_string()),
        "status": user.standing(now).word(),
        "roles": user.roles,
        "permissions": user.all_permissions(),
        "tokens": user.tokens.iter().map(token).collect::<Vec<_>>(),
        "certificates": user.certificates.iter().map(certificate).collect::<Vec<_>>(),
    })
}
