//! Device Trust, under `/devicetrustmanager`, and the documented call of IoT Trust, its predecessor.
//!
//! Which permission the platform requires to read devices is unknown, so every authenticated caller may.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{ApiCall, KNOWN, Route, Window, get, post, with};
use super::input;
use crate::id::new_id;
use crate::last_day::{rfc3339, rfc3339_at};
use crate::response::{self, Rejection, Response};
use crate::role::permission::MANAGE_IOT_DEVICE;
use crate::state::{Device, Issuance};

pub(super) const ROUTES: &[Route] = &[
    get("/devicetrustmanager/api/v4/device", KNOWN, devices),
    get("/devicetrustmanager/certificate-configuration-service/api/v2/certificate-policy", KNOWN, policies),
    get("/devicetrustmanager/certificate-issuance-service/api/v2/certificate", KNOWN, certificates),
    post("/iot/api/v1/device", with(MANAGE_IOT_DEVICE), register),
];

fn devices(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    call.store.read(|state| {
        let total = state.devices + state.registered_devices.len();
        envelope(call, total, |number| match number.checked_sub(state.devices) {
            None => {
                let id = format!("66666666-6666-4666-8666-{number:012}");
                to_json(&Device { id, name: format!("device-{number}"), created_on: state.created_at.clone() })
            }
            Some(index) => to_json(&state.registered_devices[index]),
        })
    })
}

/// Only the path is documented; the fields are inferred.
fn policies(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let id = "99999999-9999-4999-8999-999999999999";
    envelope(call, 1, |_| json!({ "id": id, "name": "Emulated certificate policy", "status": "ACTIVE" }))
}

fn certificates(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let now = call.store.now();
    call.store.read(|state| {
        let own: Vec<_> = state.certificates.iter().filter(|own| own.issuance == Issuance::Device).collect();
        envelope(call, own.len(), |number| {
            json!({
                "id": own[number].id, "serial_number": own[number].serial_number,
                "common_name": own[number].common_name, "status": own[number].status(now).to_ascii_uppercase(),
                "device": { "name": own[number].seat_id }, "valid_from": rfc3339_at(own[number].valid_from),
                "valid_to": rfc3339_at(own[number].valid_to), "certificate": own[number].certificate,
            })
        })
    })
}

#[derive(Deserialize)]
struct NewDevice {
    name: Option<String>,
}

/// The body is inferred. Device Trust lists the registered devices.
fn register(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let new: NewDevice = call.body("name")?;
    let name = input::name("name", new.name)?;
    let device = call.change("create", "device", |state| {
        let device = Device { id: new_id(), name, created_on: rfc3339(call.store.now()) };
        let created = (device.id.clone(), to_json(&device));
        state.registered_devices.push(device);
        Ok(created)
    })?;
    Ok(response::created(&device))
}

/// The envelope of Device Trust, with the records by their number. That `next` is the next offset is our guess: no source shows
/// its type.
fn envelope(call: &ApiCall<'_>, total: usize, record: impl Fn(usize) -> Value) -> Result<Response, Rejection> {
    let Window { limit, offset } = call.window()?;
    let end = offset.saturating_add(limit);
    let records: Vec<_> = (offset..end.min(total)).map(record).collect();
    let next = (end < total).then_some(end);
    let body = json!({ "total": total, "records": records, "next": next, "limit": limit, "offset": offset });
    Ok(response::ok(&body))
}

/// The fields are those that clients of the platform read.
fn to_json(device: &Device) -> Value {
    json!({
        "id": device.id, "name": device.name, "status": "ACTIVE", "operational_status": "IN_SERVICE",
        "device_group": { "id": "77777777-7777-4777-8777-777777777777", "name": "Emulated devices" },
        "created_on": device.created_on,
    })
}
