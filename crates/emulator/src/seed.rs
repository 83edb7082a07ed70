//! The state that an emulator begins with: an administrator, the service users of the options, and something to see in each product.

use std::time::SystemTime;

use digicert_one_testbed::{ClientSpec, KeyKind, Pki, Purpose, random_bytes, sha256_hex};

use crate::end_date::{DAY, EndDate, rfc3339, x509_dates};
use crate::id::{new_api_key, new_id};
use crate::options::{ApiKeySpec, CertificateSpec, ServiceUserSpec};
use crate::signing::{SigningKey, StoredIdentity};
use crate::state::{
    Account, AuthCertificate, CscSecrets, Disclosed, DisclosedCertificate, DisclosedKey, Issuance, IssuedCertificate,
    State, Token, User, UserType,
};

/// The name of the one user who is not a service user.
pub(crate) const ADMINISTRATOR: &str = "administrator";

/// Makes the state.
pub(crate) fn state(users: Vec<ServiceUserSpec>, devices: usize, pki: &Pki, now: SystemTime) -> State {
    let created_at = rfc3339(now);
    let account = Account {
        id: new_id(),
        name: "Emulated account".to_owned(),
        friendly_identifier: (0..8).zip(random_bytes::<8>()).map(|(_, byte)| char::from(b'0' + byte % 10)).collect(),
    };
    let mut state = State {
        created_at: created_at.clone(),
        organization_id: new_id(),
        accounts: vec![account],
        users: Vec::new(),
        disclosed: Vec::new(),
        audit: Vec::new(),
        // An RSA key takes longer to make than all the rest, so the first ones are others.
        signing: [(1, KeyKind::P256), (2, KeyKind::P384), (3, KeyKind::Rsa2048)]
            .map(|(number, kind)| SigningKey::create(pki, number, kind, &created_at))
            .to_vec(),
        signatures: Vec::new(),
        certificates: ["www.example.test", "api.example.test"]
            .map(|name| certificate(pki, name, Issuance::Lifecycle, now))
            .into_iter()
            .chain([certificate(pki, "device-0", Issuance::Device, now)])
            .collect(),
        devices,
        registered_devices: Vec::new(),
        root_id: new_id(),
        intermediate_id: new_id(),
        csc: CscSecrets::default(),
    };
    let administrator = ServiceUserSpec::new(ADMINISTRATOR);
    add_user(&mut state, UserType::Standard, administrator, pki, now);
    for user in users {
        add_user(&mut state, UserType::Service, user, pki, now);
    }
    state
}

fn add_user(state: &mut State, user_type: UserType, mut spec: ServiceUserSpec, pki: &Pki, now: SystemTime) {
    if spec.api_keys.is_empty() {
        spec.api_keys.push(ApiKeySpec::default().disabled());
    }
    if spec.certificates.is_empty() {
        spec.certificates.push(CertificateSpec::default().disabled());
    }
    let created_at = rfc3339(now);
    let id = new_id();
    let (tokens, api_keys) = (1..).zip(spec.api_keys).map(|(number, key)| token(number, key, &created_at)).unzip();
    let (certificates, disclosed) = (1..)
        .zip(spec.certificates)
        .map(|(number, certificate)| {
            let common_name = format!("{} {}", spec.friendly_name, number - 1);
            auth_certificate(number, &certificate, common_name, pki, now)
        })
        .unzip();
    let (email, created_by) = match user_type {
        UserType::Service => ("service-users@example.test", state.users.first().map_or(&id, |first| &first.id)),
        UserType::Standard => ("administrator@example.test", &id),
    };
    let user = User {
        id: id.clone(),
        user_type,
        friendly_name: spec.friendly_name.clone(),
        email: email.to_owned(),
        description: String::new(),
        active: spec.active,
        end_date: spec.end_date,
        created_at,
        created_by: created_by.clone(),
        roles: spec.roles,
        permissions: spec.permissions,
        accounts: state.accounts.iter().map(|account| account.id.clone()).collect(),
        tokens,
        certificates,
    };
    state.users.push(user);
    state.disclosed.push(Disclosed {
        user_id: id,
        friendly_name: spec.friendly_name,
        api_keys,
        certificates: disclosed,
    });
}

fn token(number: usize, spec: ApiKeySpec, created_at: &str) -> (Token, DisclosedKey) {
    let value = spec.value.unwrap_or_else(new_api_key);
    let token = Token {
        id: new_id(),
        name: format!("token {number}"),
        digest: sha256_hex(value.as_bytes()),
        enabled: spec.enabled,
        end_date: spec.end_date,
        created_at: created_at.to_owned(),
    };
    let disclosed = DisclosedKey { token_id: token.id.clone(), value };
    (token, disclosed)
}

fn auth_certificate(
    number: usize,
    spec: &CertificateSpec,
    common_name: String,
    pki: &Pki,
    now: SystemTime,
) -> (AuthCertificate, DisclosedCertificate) {
    let validity = x509_dates(spec.end_date, now);
    let certificate = pki.client(ClientSpec { key: spec.key, validity, common_name, ..ClientSpec::default() });
    let id = new_id();
    let stored = AuthCertificate {
        id: id.clone(),
        nickname: format!("certificate {number}"),
        fingerprint: certificate.fingerprint(),
        serial_number: certificate.serial_number(),
        enabled: spec.enabled,
        end_date: spec.end_date,
        created_at: rfc3339(now),
    };
    (stored, DisclosedCertificate { certificate_id: id, identity: StoredIdentity::of(&certificate) })
}

fn certificate(pki: &Pki, common_name: &str, issuance: Issuance, now: SystemTime) -> IssuedCertificate {
    let last_day = EndDate::day_of(now + 90 * DAY);
    let purpose = match issuance {
        Issuance::Lifecycle => Purpose::ServerAuth,
        Issuance::Device => Purpose::ClientAuth,
    };
    let spec = ClientSpec {
        validity: x509_dates(Some(last_day), now),
        purpose,
        common_name: common_name.to_owned(),
        ..ClientSpec::default()
    };
    let certificate = pki.client(spec);
    IssuedCertificate::new(
        issuance,
        common_name,
        common_name,
        &certificate.chain_der()[0],
        (now, last_day.last_second()),
    )
}
