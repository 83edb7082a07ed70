//! One call of a product: the requirements on its caller, and its request: variables, query, body.

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::decide::{Caller, Requirement};
use crate::response::{self, Rejection, Response};
use crate::state::State;
use crate::store::{Action, Store};

/// The items of a list without a `limit`, as Software Trust does it (inferred for the others).
const DEFAULT_LIMIT: usize = 20;

type Serve = fn(&ApiCall<'_>) -> Result<Response, Rejection>;

pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) serve: Serve,
}

macro_rules! methods {
    ($($name:ident $method:literal)+) => { $(
        pub(crate) const fn $name(path: &'static str, access: Access, serve: Serve) -> Route {
            Route { method: $method, path, access, serve }
        }
    )+ };
}

methods! { get "GET" post "POST" put "PUT" delete "DELETE" }

/// Who may make a call; `None` means any client, authenticated or not.
pub(crate) type Access = Option<Requirement>;

/// Every authenticated caller; the call itself may require more.
pub(crate) const KNOWN: Access = Some(Requirement { both_factors: false, permission: None });

/// Callers with this permission.
pub(crate) const fn with(permission: &'static str) -> Access {
    Some(Requirement { both_factors: false, permission: Some(permission) })
}

pub(crate) struct ApiCall<'a> {
    pub(crate) store: &'a Store,
    pub(crate) request: &'a Request<Bytes>,
    /// Present, unless the call needs no authentication.
    pub(crate) caller: Option<&'a Caller>,
    pub(crate) variables: &'a [&'a str],
}

pub(crate) struct Window {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl ApiCall<'_> {
    pub(crate) fn caller(&self) -> Result<&Caller, Rejection> {
        self.caller.ok_or_else(|| Rejection::internal("this call was let through without a caller"))
    }

    /// Changes the state in the name of the caller; see [`Store::change`].
    pub(crate) fn change<T>(
        &self,
        action: &'static str,
        resource_type: &'static str,
        change: impl FnOnce(&mut State) -> Result<(String, T), Rejection>,
    ) -> Result<T, Rejection> {
        self.store.change(&Action { user_id: &self.caller()?.id, action, resource_type }, change)
    }

    pub(crate) fn variable(&self) -> &str {
        self.variables.first().copied().unwrap_or_default()
    }

    /// Parses the JSON of the body. `wanted` names the fields, for the message.
    pub(crate) fn body<T: DeserializeOwned>(&self, wanted: &str) -> Result<T, Rejection> {
        serde_json::from_slice(self.request.body()).map_err(|_| {
            Rejection::invalid(None, format!("the body must be a JSON object with {wanted}, each of the right type"))
        })
    }

    /// The first value of this name in the query; `None` too if it is not UTF-8.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let mut pairs = self.request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(present, _)| *present == name)?;
        percent_decode_str(&value.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }

    /// Returns `limit` and `offset` of the query, with this default limit.
    fn window_or(&self, default: usize) -> Result<Window, Rejection> {
        let number = |name, default| self.value(name).map_or(Some(default), |value| value.parse::<usize>().ok());
        let limit = number("limit", default).filter(|limit| *limit > 0);
        let limit = limit.ok_or_else(|| Rejection::invalid("limit", "limit must be a positive number"))?;
        let offset = number("offset", 0).ok_or_else(|| Rejection::invalid("offset", "offset must be a number"))?;
        Ok(Window { limit, offset })
    }

    /// The window of a list with an envelope.
    pub(crate) fn window(&self) -> Result<Window, Rejection> {
        self.window_or(DEFAULT_LIMIT)
    }

    /// A page of a list, in the envelope of most products.
    pub(crate) fn page<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        to_json: impl Fn(T) -> Value,
    ) -> Result<Response, Rejection> {
        let Window { limit, offset } = self.window()?;
        let items: Vec<T> = items.into_iter().collect();
        let total = items.len();
        let items: Vec<_> = items.into_iter().skip(offset).take(limit).map(to_json).collect();
        Ok(response::ok(&json!({ "total": total, "offset": offset, "limit": limit, "items": items })))
    }

    /// Returns a list without an envelope; complete, unless a part was requested.
    pub(crate) fn bare_array<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        to_json: impl Fn(T) -> Value,
    ) -> Result<Response, Rejection> {
        let Window { limit, offset } = self.window_or(usize::MAX)?;
        Ok(response::array(items.into_iter().skip(offset).take(limit).map(to_json)))
    }
}
