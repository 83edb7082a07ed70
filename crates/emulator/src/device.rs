//! The devices of Device Trust: as many as the options say, made when they are asked for, and those that were registered.

use serde_json::{Value, json};

use crate::state::Device;

/// The device of this number, counted from 0. Its fields are those that clients of the platform read.
pub(crate) fn to_json(number: usize, created_on: &str) -> Value {
    json(&format!("66666666-6666-4666-8666-{number:012}"), &format!("device-{number}"), created_on)
}

/// A device that a caller registered.
pub(crate) fn registered_to_json(device: &Device) -> Value {
    json(&device.id, &device.name, &device.created_on)
}

fn json(id: &str, name: &str, created_on: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "status": "ACTIVE",
        "operational_status": "IN_SERVICE",
        "device_group": { "id": "77777777-7777-4777-8777-777777777777", "name": "Emulated devices" },
        "created_on": created_on,
    })
}
