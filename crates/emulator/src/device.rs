//! The devices of Device Trust: only to be listed, as many as the options say, made when they are asked for.

use serde_json::{Value, json};

/// The device of this number, counted from 0. Its fields are those that clients of the platform read.
pub(crate) fn to_json(number: usize, created_on: &str) -> Value {
    json!({
        "id": format!("66666666-6666-4666-8666-{number:012}"),
        "name": format!("device-{number}"),
        "status": "ACTIVE",
        "operational_status": "IN_SERVICE",
        "device_group": { "id": "77777777-7777-4777-8777-777777777777", "name": "Emulated devices" },
        "created_on": created_on,
    })
}
