//! Device Trust, under `/devicetrustmanager`.

use http::Method;
use serde_json::json;

use super::query::Window;
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Fault};
use crate::device;

pub(super) const ROUTES: &[Route] = &[
    // Which permission the platform asks for to list devices is unknown.
    Route { method: Method::GET, path: "/devicetrustmanager/api/v4/device", access: Access::Known, serve: devices },
];

fn devices(ask: &Ask<'_>) -> Result<Answer, Fault> {
    let Window { limit, offset } = Window::of(ask.query())?;
    let store = ask.store;
    let end = offset.saturating_add(limit).min(store.devices);
    let records: Vec<_> = (offset..end).map(|number| device::to_json(number, &store.created_at)).collect();
    // That `next` is the next offset is our guess: no source shows its type.
    let next = (end < store.devices).then_some(end);
    Ok(answer::ok(
        &json!({ "total": store.devices, "records": records, "next": next, "limit": limit, "offset": offset }),
    ))
}
