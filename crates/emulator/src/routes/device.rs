//! Device Trust, under `/devicetrustmanager`.

use http::Method;
use serde_json::{Value, json};

use super::query::Window;
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Fault};
use crate::device;

pub(super) const ROUTES: &[Route] = &[
    // Which permission the platform asks for to list devices is unknown.
    Route { method: Method::GET, path: "/devicetrustmanager/api/v4/device", access: Access::Known, serve: devices },
];

fn devices(ask: &Ask<'_>) -> Result<Answer, Fault> {
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

/// The envelope of Device Trust. That `next` is the next offset is our guess: no source shows its type.
fn envelope(total: usize, window: Window, records: Vec<Value>) -> Value {
    let Window { limit, offset } = window;
    let end = offset.saturating_add(limit);
    let next = (end < total).then_some(end);
    json!({ "total": total, "records": records, "next": next, "limit": limit, "offset": offset })
}
