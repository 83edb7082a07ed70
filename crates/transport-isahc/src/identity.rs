//! The client identity for libcurl. Its rustls engine reads identities from files only and drops one in memory without a word,
//! so there it gets the path of an anonymous memory file (Linux) or of a private file that is removed with the transport.

#[cfg(not(feature = "openssl-engine"))]
mod file;
#[cfg(feature = "openssl-engine")]
mod memory;

#[cfg(not(feature = "openssl-engine"))]
pub(crate) use self::file::Handover;
#[cfg(feature = "openssl-engine")]
pub(crate) use self::memory::Handover;
