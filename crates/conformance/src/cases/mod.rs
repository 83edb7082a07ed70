//! The cases, one file for each group of the catalogue. Each reads as given / when / then.

pub(crate) mod alerts;
pub(crate) mod answer;
pub(crate) mod bodies;
pub(crate) mod body;
pub(crate) mod body_end;
pub(crate) mod call_table;
pub(crate) mod chain;
pub(crate) mod cred;
pub(crate) mod err;
pub(crate) mod facts;
pub(crate) mod faithful;
pub(crate) mod host;
pub(crate) mod http2;
pub(crate) mod ident;
pub(crate) mod ident_late;
pub(crate) mod interim;
pub(crate) mod invalid_http;
pub(crate) mod leaks;
pub(crate) mod leftovers;
pub(crate) mod limits;
pub(crate) mod lost;
pub(crate) mod names;
pub(crate) mod obs;
pub(crate) mod once;
pub(crate) mod overdue;
pub(crate) mod pool;
pub(crate) mod proxy;
pub(crate) mod redir;
pub(crate) mod reload;
pub(crate) mod replay;
pub(crate) mod req;
pub(crate) mod retry;
pub(crate) mod rotate;
pub(crate) mod same_everywhere;
pub(crate) mod secret;
pub(crate) mod server_proof;
pub(crate) mod time;
pub(crate) mod trust;
pub(crate) mod tunnel;
pub(crate) mod unasked;
pub(crate) mod upload;
pub(crate) mod upload_as_call;
pub(crate) mod upload_end;
pub(crate) mod watch;

// Cases with random inputs.
pub(crate) use crate::generated::{cut, early, request, whole};
