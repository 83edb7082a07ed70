//! The state that an emulator begins with: an administrator, the service users of the options, and something to see in each product.

use std::time::SystemTime;

use digicert_one_testbed::{ClientSpec, KeyKind, Pki, Purpose, random_bytes};

use crate::id::{new_api_key, new_id};
use crate::last_day::{DAY, LastDay, rfc3339, x509_dates};
use crate::options::{ApiKeySpec, CertificateSpec, ServiceUserSpec};
use crate::signing::{SigningKey, StoredIdentity};
use crate::state::{
    Account, AuthCertificate, CscSecrets, Disclosed, DisclosedCertificate, DisclosedKey, Issuance, IssuedCertificate,
    State, Token, User, UserType,
};

/// The name of the only user who is not a service user.
pub(crate) const ADMINISTRATOR: &str = "administrator";

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
        // An RSA key takes longer than everything else, so the first ones are not RSA.
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
        spec.api_keys.push(ApiKeySpec::default().enabled(false));
    }
    if spec.certificates.is_empty() {
        spec.certificates.push(CertificateSpec::default().enabled(false));
    }
    let created_at = rfc3339(now);
    let id = new_id();
    let token = |(number, spec): (usize, ApiKeySpec)| {
        let value = spec.value.unwrap_or_else(new_api_key);
        let token = Token::new(format!("token {number}"), &value, spec.end_date, &created_at);
        let disclosed = DisclosedKey { token_id: token.id.clone(), value };
        (Token { enabled: spec.enabled, ..token }, disclosed)
    };
    let certificate = |(number, CertificateSpec { enabled, end_date, key }): (usize, CertificateSpec)| {
        let (validity, common_name) = (x509_dates(end_date, now), format!("{} {}", spec.friendly_name, number - 1));
        let made = pki.client(ClientSpec { key, validity, common_name, ..ClientSpec::default() });
        let nickname = format!("certificate {number}");
        let certificate = AuthCertificate::new(nickname, &made.chain_der()[0], end_date, created_at.clone());
        let disclosed =
            DisclosedCertificate { certificate_id: certificate.id.clone(), identity: StoredIdentity::of(&made) };
        (AuthCertificate { enabled, ..certificate }, disclosed)
    };
    let (tokens, api_keys) = (1..).zip(spec.api_keys).map(token).unzip();
    let (certificates, disclosed) = (1..).zip(spec.certificates).map(certificate).unzip();
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

fn certificate(pki: &Pki, common_name: &str, issuance: Issuance, now: SystemTime) -> IssuedCertificate {
    let last_day = LastDay::day_of(now + 90 * DAY);
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
