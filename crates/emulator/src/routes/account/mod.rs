//! Account Manager, under `/account`. Bodies and codes that no source shows are inferred; they are the same for all clients of this
//! workspace, and each is written in one place here.

pub(super) mod api_token;
pub(super) mod certificate;
pub(super) mod directory;
mod owner;
pub(super) mod user;
