//! `d1 cert inspect|convert|csr`: certificate files on this machine. Nothing is sent.

mod convert;
mod csr;
mod input;
mod inspect;
pub(crate) mod pkcs12;

pub(crate) use self::convert::convert;
pub(crate) use self::csr::csr;
pub(crate) use self::input::Input;
pub(crate) use self::inspect::inspect;
