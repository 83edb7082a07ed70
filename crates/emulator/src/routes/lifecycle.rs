//! Trust Lifecycle Manager, under `/mpki`.

use std::time::SystemTime;

use data_encoding::BASE64;
use digicert_one_testbed::{Purpose, RequestSpec, Validity, certificate_pem};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{ApiCall, KNOWN, Route, get, post, put, with};
use crate::last_day::{DAY, rfc3339_at, seconds, x509_dates};
use crate::response::{self, Rejection, Response};
use crate::role::permission::{MANAGE_EM_CERTIFICATE, VIEW_EM_CERTIFICATE, VIEW_EM_PROFILE};
use crate::state::{Issuance, IssuedCertificate, State};

/// The greeting of Trust Lifecycle Manager, as the platform words it.
const HELLO: &str = "Hello from DigiCert ONE - Trust Lifecycle Manager REST API!";

const PROFILE_ID: &str = "88888888-8888-4888-8888-888888888888";
const PROFILE_NAME: &str = "Emulated profile";

/// The validity of a certificate if the request does not state one.
const DEFAULT_DAYS: u64 = 90;
const MOST_DAYS: u64 = 3650;

pub(super) const ROUTES: &[Route] = &[
    // Whether the platform checks a credential here is unknown; the call serves to find out whether the
    // platform is up.
    get("/mpki/api/v1/hello", None, |_| Ok(text(HELLO))),
    get("/mpki/api/v1/health/extensive", KNOWN, |_| Ok(text("UP"))),
    get("/mpki/api/v1/certificate-search", with(VIEW_EM_CERTIFICATE), search),
    get("/mpki/api/v2/profile", with(VIEW_EM_PROFILE), |_| Ok(response::ok(&json!([profile_json()])))),
    get("/mpki/api/v2/profile/{id}", with(VIEW_EM_PROFILE), profile),
    post("/mpki/api/v1/certificate", with(MANAGE_EM_CERTIFICATE), issue),
    put("/mpki/api/v1/certificate/{serial}/revoke", with(MANAGE_EM_CERTIFICATE), revoke),
];

fn text(body: &'static str) -> Response {
    response::response(StatusCode::OK, Some("text/plain"), body)
}

/// Filters are compared as a whole; `status` without regard to case, since requests write it in upper and responses in lower case.
fn search(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let now = call.store.now();
    let filters =
        ["serial_number", "common_name", "status", "thumbprint", "seat_id", "profile_id"].map(|name| call.value(name));
    let fits = |own: &&IssuedCertificate| {
        let fields: [&str; 6] =
            [&own.serial_number, &own.common_name, own.status(now), &own.thumbprint, &own.seat_id, PROFILE_ID];
        let mut pairs = filters.iter().zip(fields);
        own.issuance == Issuance::Lifecycle
            && pairs.all(|(wanted, own)| wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(own)))
    };
    call.store.read(|state| call.page(state.certificates.iter().filter(fits), |own| certificate_json(state, own, now)))
}

fn profile(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    response::found((call.variable() == PROFILE_ID).then(profile_json), "profile")
}

#[derive(Deserialize)]
struct NewCertificate {
    csr: Option<String>,
    profile: Option<Profile>,
    seat: Option<Seat>,
    attributes: Option<Attributes>,
    validity: Option<Period>,
}

#[derive(Deserialize)]
struct Profile {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Seat {
    seat_id: Option<String>,
}

#[derive(Deserialize)]
struct Attributes {
    subject: Option<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    common_name: Option<String>,
}

#[derive(Deserialize)]
struct Period {
    unit: Option<String>,
    duration: Option<u64>,
}

impl Period {
    fn days(&self) -> Option<u64> {
        let days = match self.unit.as_deref()? {
            "days" => 1,
            "months" => 30,
            "years" => 365,
            _ => return None,
        };
        self.duration?.checked_mul(days).filter(|days| (1..=MOST_DAYS).contains(days))
    }
}

/// Issues for the key of a CSR.
fn issue(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let new: NewCertificate = call.body("profile, seat, csr and attributes")?;
    if new.profile.and_then(|profile| profile.id).as_deref() != Some(PROFILE_ID) {
        let message = "profile.id is not the id of a profile: GET /mpki/api/v2/profile lists them";
        return Err(Rejection::invalid("profile.id", message));
    }
    let csr = new.csr.ok_or_else(|| Rejection::invalid("csr", "csr is missing"))?;
    let common_name = new.attributes.and_then(|attributes| attributes.subject?.common_name);
    let common_name = common_name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Rejection::invalid("attributes.subject.common_name", "attributes.subject.common_name is missing")
    })?;
    let days = new.validity.map_or(Some(DEFAULT_DAYS), |period| period.days()).ok_or_else(|| {
        let message = "validity takes a unit (days, months, years) and a duration of up to 3650 days";
        Rejection::invalid("validity", message)
    })?;
    let seat_id = new.seat.and_then(|seat| seat.seat_id).unwrap_or_else(|| common_name.clone());
    let now = call.store.now();
    let until = now + DAY * u32::try_from(days).unwrap_or(u32::MAX);
    let spec = RequestSpec { common_name, validity: widened(now, until), purpose: Purpose::ServerAuth };
    let chain = call.store.pki.sign_request(&csr, &spec);
    let chain = chain.map_err(|error| Rejection::invalid("csr", error.to_string()))?;
    let issued = IssuedCertificate::new(Issuance::Lifecycle, &spec.common_name, &seat_id, &chain[0], (now, until));
    let serial_number = issued.serial_number.clone();
    call.change("create", "certificate", |state| {
        let id = issued.id.clone();
        state.certificates.push(issued);
        Ok((id, ()))
    })?;
    let certificate = certificate_pem(&chain[0]);
    let body = json!({ "serial_number": serial_number, "delivery_format": "x509", "certificate": certificate });
    Ok(response::created(&body))
}

/// X.509 dates that end with the period, if the system's time is the emulator's.
fn widened(now: SystemTime, until: SystemTime) -> Validity {
    match x509_dates(None, now) {
        Validity::Between(from, _) => Validity::Between(from, until.max(SystemTime::now() + DAY)),
        other => other,
    }
}

fn revoke(call: &ApiCall<'_>) -> Result<Response, Rejection> {
    let now = call.store.now();
    call.change("revoke", "certificate", |state| {
        let mut own = state.certificates.iter_mut().filter(|own| own.issuance == Issuance::Lifecycle);
        let found = own.find(|own| own.serial_number.eq_ignore_ascii_case(call.variable()));
        let certificate = found.ok_or_else(|| Rejection::not_found("certificate"))?;
        if certificate.revoked.is_some() {
            return Err(Rejection::invalid("serial_number", "the certificate is revoked already"));
        }
        certificate.revoked = Some(seconds(now));
        Ok((certificate.id.clone(), ()))
    })?;
    Ok(response::no_content())
}

fn certificate_json(state: &State, own: &IssuedCertificate, now: SystemTime) -> Value {
    let der = BASE64.decode(own.certificate.as_bytes()).unwrap_or_default();
    json!({
        "serial_number": own.serial_number, "common_name": own.common_name, "status": own.status(now),
        "valid_from": rfc3339_at(own.valid_from), "valid_to": rfc3339_at(own.valid_to), "thumbprint": own.thumbprint,
        "profile": { "id": PROFILE_ID, "name": PROFILE_NAME }, "seat": { "seat_id": own.seat_id },
        "account": { "id": state.accounts.first().map(|account| &account.id) },
        "business_unit": { "id": state.organization_id, "name": "Emulated business unit" },
        "certificate": certificate_pem(&der),
    })
}

fn profile_json() -> Value {
    json!({
        "id": PROFILE_ID, "name": PROFILE_NAME, "status": "ACTIVE", "signature_algorithm": "sha256WithECDSA",
        "enrollment_method": "REST_API",
    })
}
