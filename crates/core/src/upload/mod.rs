//! Uploads: request bodies that stream, what transports do around them, and errors.

mod body;
mod error;
mod watch;

pub use self::body::UploadBody;
pub use self::error::UploadError;
pub use self::watch::UploadGuard;
