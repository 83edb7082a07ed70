//! Diagnoses of failures: one code, who rejected whom, the cause, the remedy, and advice. Pure functions of
//! facts: the same fault has the same code on every TLS stack, or a wider one if the stack cannot know.

mod advice;
mod alert;
mod caller;
mod code;
mod context;
mod error_response;
mod evidence;
mod explained;
mod fitted;
mod gateway;
mod proxied;
mod response;
mod row;
mod table;
mod transport;
mod transport_in_use;
mod untrusted;

pub use self::advice::Advice;
pub use self::caller::diagnose_success;
pub use self::context::CallContext;
pub use self::error_response::{BodyKind, ErrorResponse};
pub use self::explained::Diagnosis;
pub use self::response::{diagnose_content, diagnose_error_document, diagnose_response, with_responder};
pub use self::row::Side;
pub use self::table::Code;
pub use self::transport::diagnose_transport;
pub use self::transport_in_use::TransportInUse;
