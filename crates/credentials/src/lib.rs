//! Where credentials come from: environment variables and PEM files.
//!
//! Every error names its source (a variable, an option, a path) and never a value. Nothing here sends anything.

mod environment;
mod error;
mod pem_file;

pub use environment::{Environment, Setting};
pub use error::EnvironmentError;
pub use pem_file::{read_identity, read_roots};
