//! Device Trust, under `/devicetrustmanager`, and the call of IoT Trust, its predecessor, that is documented.
//!
//! Which permission the platform asks for to look at devices is unknown, so every known caller may.

use std::time::{Duration, SystemTime};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::Window;
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Rejection};
use crate::end_date::rfc3339;
use crate::permission::MANAGE_IOT_DEVICE;
use crate::state::{Device, Issuance, IssuedCertificate};
use crate::store::new_id;
use crate::{device, input};

pub(super) const ROUTES: &[Route] = &[
    Route { method: Method::GET, path: "/devicetrustmanager/api/v4/device", access: Access::Known, serve: devices },
    Route {
        method: Method::GET,
        path: "/devicetrustmanager/certificate-configuration-service/api/v2/certificate-policy",
        access: Access::Known,
        serve: policies,
    },
    Route {
        method: Method::GET,
        path: "/devicetrustmanager/certificate-issuance-service/api/v2/certificate",
        access: Access::Known,
        serve: certificates,
    },
    Route {
        method: Method::POST,
        path: "/iot/api/v1/device",
        access: Access::With(MANAGE_IOT_DEVICE),
        serve: register,
    },
];

fn devices(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let page = ask.store.read(|state| {
        let total = state.devices + state.registered_devices.len();
        let end = window.offset.saturating_add(window.limit).min(total);
        let records = (window.offset..end).map(|number| match number.checked_sub(state.devices) {
            None => device::to_json(number, &state.created_at),
            Some(index) => device::registered_to_json(&state.registered_devices[index]),
        });
        envelope(total, window, records.collect())
    });
    Ok(answer::ok(&page))
}

/// Only the path is documented; the fields are inferred.
fn policies(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let policies = [json!({
        "id": "99999999-9999-4999-8999-999999999999",
        "name": "Emulated certificate policy",
        "status": "ACTIVE",
    })];
    Ok(answer::ok(&envelope(policies.len(), window, window.of_items(policies).collect())))
}

fn certificates(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let now = ask.store.now();
    let page = ask.store.read(|state| {
        let own: Vec<_> = state.certificates.iter().filter(|own| own.issuance == Issuance::Device).collect();
        let total = own.len();
        envelope(total, window, window.of_items(own).map(|own| certificate_json(own, now)).collect())
    });
    Ok(answer::ok(&page))
}

#[derive(Deserialize)]
struct NewDevice {
    name: Option<String>,
}

/// The body is inferred. What is registered here is listed by Device Trust.
fn register(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let new: NewDevice = input::body(ask.request.body(), "name")?;
    let name = input::name("name", new.name)?;
    let device = ask.change("create", "device", |state| {
        let device = Device { id: new_id(), name, created_on: rfc3339(ask.store.now()) };
        let (id, json) = (device.id.clone(), device::registered_to_json(&device));
        state.registered_devices.push(device);
        Ok((id, json))
    })?;
    Ok(answer::created(&device))
}

/// The envelope of Device Trust. That `next` is the next offset is our guess: no source shows its type.
fn envelope(total: usize, window: Window, records: Vec<Value>) -> Value {
    let Window { limit, offset } = window;
    let end = offset.saturating_add(limit);
    let next = (end < total).then_some(end);
    json!({ "total": total, "records": records, "next": next, "limit": limit, "offset": offset })
}

fn certificate_json(own: &IssuedCertificate, now: SystemTime) -> Value {
    let moment = |seconds| rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    json!({
        "id": own.id,
        "serial_number": own.serial_number,
        "common_name": own.common_name,
        "status": own.status(now).to_ascii_uppercase(),
        "device": { "name": own.seat_id },
        "valid_from": moment(own.valid_from),
        "valid_to": moment(own.valid_to),
        "certificate": own.certificate,
    })
}
