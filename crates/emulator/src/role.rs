//! Roles and their permissions.
//!
//! The names of permissions were seen on the platform, as were the roles of Account Manager,
//! `EM_EPKI_USER_&_CERT_MANAGER` and `DSM_DOCUMENT_SIGNER`. The mapping of roles to permissions is not
//! published, nor are the roles of the other products: those are inferred.

use serde::Serialize;

/// The permissions that the API calls of the emulator require.
pub mod permission {
    /// Managing users, and the tokens and certificates of others.
    pub const MANAGE_AM_ACCOUNT: &str = "MANAGE_AM_ACCOUNT";
    /// Reading the audit log of Account Manager.
    pub const VIEW_AM_AUDIT_LOG: &str = "VIEW_AM_AUDIT_LOG";
    /// Searching certificates of Trust Lifecycle.
    pub const VIEW_EM_CERTIFICATE: &str = "VIEW_EM_CERTIFICATE";
    /// Reading profiles of Trust Lifecycle.
    pub const VIEW_EM_PROFILE: &str = "VIEW_EM_PROFILE";
    /// Issuing and revoking certificates of Trust Lifecycle (inferred name).
    pub const MANAGE_EM_CERTIFICATE: &str = "MANAGE_EM_CERTIFICATE";
    /// Listing signing certificates and key pairs.
    pub const VIEW_SM_CERTIFICATE: &str = "VIEW_SM_CERTIFICATE";
    /// Signing a hash.
    pub const SIGN_SM_HASH: &str = "SIGN_SM_HASH";
    /// Using the signing credentials of Document Trust (inferred name).
    pub const SIGN_DSM_HASH: &str = "SIGN_DSM_HASH";
    /// Registering devices of IoT Trust (inferred name).
    pub const MANAGE_IOT_DEVICE: &str = "MANAGE_IOT_DEVICE";
    /// Reading authorities, revocation lists and OCSP responders of Private CA.
    pub const VIEW_CM_CA: &str = "VIEW_CM_CA";
    /// Reading templates of Private CA.
    pub const VIEW_CM_CUSTOM_TEMPLATE: &str = "VIEW_CM_CUSTOM_TEMPLATE";
    /// Reading certificates of Private CA.
    pub const VIEW_CM_CERTIFICATE: &str = "VIEW_CM_CERTIFICATE";
}

/// A role, also on the wire.
#[derive(Serialize)]
pub(crate) struct Role {
    pub(crate) id: &'static str,
    name: &'static str,
    pub(crate) application_code: &'static str,
    pub(crate) permissions: &'static [&'static str],
}

const fn role(
    application_code: &'static str,
    id: &'static str,
    name: &'static str,
    permissions: &'static [&'static str],
) -> Role {
    Role { id, name, application_code, permissions }
}

pub(crate) const ACCOUNT_MANAGER: &str = "account_manager";

pub(crate) const ROLES: &[Role] = &[
    role(ACCOUNT_MANAGER, "AM_DEFAULT_USER", "Default user", &[]),
    role(ACCOUNT_MANAGER, "AM_ACCOUNT_USER", "Account user", &["VIEW_AM_AUDIT_LOG"]),
    role(ACCOUNT_MANAGER, "AM_ACCOUNT_MANAGER", "Account manager", &["MANAGE_AM_ACCOUNT", "VIEW_AM_AUDIT_LOG"]),
    role(ACCOUNT_MANAGER, "AM_ACCOUNT_ADMIN", "Account administrator", &["MANAGE_AM_ACCOUNT", "VIEW_AM_AUDIT_LOG"]),
    role(
        "trust_lifecycle",
        "EM_EPKI_USER_&_CERT_MANAGER",
        "User and certificate manager",
        &["VIEW_EM_SEAT", "VIEW_EM_AUDIT_LOG", "VIEW_EM_CERTIFICATE", "VIEW_EM_PROFILE", "MANAGE_EM_CERTIFICATE"],
    ),
    role(
        "software_trust",
        "SM_SIGNER",
        "Signer",
        &["MANAGE_SM_CERTIFICATE_PROFILE", "VIEW_SM_CERTIFICATE", "SIGN_SM_HASH"],
    ),
    role(
        "document_trust",
        "DSM_DOCUMENT_SIGNER",
        "Document signer",
        &[
            "MANAGE_DSM_VIEW_CERTIFICATE_PROFILES",
            "MANAGE_DSM_ADD_VALIDATIONS",
            "MANAGE_DSM_VIEW_CERTIFICATE_TEMPLATES",
            "MANAGE_DSM_VIEW_VALIDATIONS",
            "SIGN_DSM_HASH",
        ],
    ),
    role(
        "iot_trust",
        "IOT_DEVICE_MANAGER",
        "Device manager",
        &["VIEW_IOT_CERTIFICATE", "VIEW_IOT_ENROLLMENT_PROFILE", "MANAGE_IOT_DEVICE"],
    ),
    role(
        "ca_manager",
        "CM_CERTIFICATE_MANAGER",
        "Certificate manager",
        &["VIEW_CM_LICENSE", "VIEW_CM_CA", "VIEW_CM_CUSTOM_TEMPLATE", "CREATE_CM_CERTIFICATE", "VIEW_CM_CERTIFICATE"],
    ),
];

/// The applications: the common part of their permission names, their name on the wire, and an id of our own.
const APPLICATIONS: [(&str, &str, &str); 6] = [
    ("_AM_", "Account Manager", "44444444-4444-4444-8444-444444444444"),
    ("_EM_", "Trust Lifecycle", "55555555-5555-4555-8555-555555555551"),
    ("_SM_", "Software Trust", "55555555-5555-4555-8555-555555555552"),
    ("_DSM_", "Document Trust", "55555555-5555-4555-8555-555555555553"),
    ("_IOT_", "IoT Trust", "55555555-5555-4555-8555-555555555554"),
    ("_CM_", "CA Manager", "55555555-5555-4555-8555-555555555555"),
];

pub(crate) fn find(id: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.id == id)
}

/// Name and id of the application that a permission belongs to; `None` if the application is unknown.
pub(crate) fn application_of(permission: &str) -> Option<(&'static str, &'static str)> {
    APPLICATIONS.iter().find(|(part, ..)| permission.contains(part)).map(|(_, name, id)| (*name, *id))
}
