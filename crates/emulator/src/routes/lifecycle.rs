//! Trust Lifecycle Manager, under `/mpki`.

use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use digicert_one_testbed::{Purpose, RequestSpec, Validity, certificate_pem};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Window, decoded_value_of};
use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Rejection};
use crate::end_date::{rfc3339, seconds, x509_dates};
use crate::input;
use crate::permission::{MANAGE_EM_CERTIFICATE, VIEW_EM_CERTIFICATE, VIEW_EM_PROFILE};
use crate::state::{Issuance, IssuedCertificate, State};

/// The greeting of Trust Lifecycle Manager, as the platform words it.
const HELLO: &str = "Hello from DigiCert ONE - Trust Lifecycle Manager REST API!";

/// The one profile.
const PROFILE_ID: &str = "88888888-8888-4888-8888-888888888888";
const PROFILE_NAME: &str = "Emulated profile";

/// How long a certificate is valid if the request does not say.
const DEFAULT_DAYS: u64 = 90;
const MOST_DAYS: u64 = 3650;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) const ROUTES: &[Route] = &[
    // Whether the platform checks a credential here is unknown; it serves to find out that it is there.
    Route { method: Method::GET, path: "/mpki/api/v1/hello", access: Access::Anybody, serve: hello },
    Route { method: Method::GET, path: "/mpki/api/v1/health/extensive", access: Access::Known, serve: health },
    Route {
        method: Method::GET,
        path: "/mpki/api/v1/certificate-search",
        access: Access::With(VIEW_EM_CERTIFICATE),
        serve: search,
    },
    Route { method: Method::GET, path: "/mpki/api/v2/profile", access: Access::With(VIEW_EM_PROFILE), serve: profiles },
    Route {
        method: Method::GET,
        path: "/mpki/api/v2/profile/{id}",
        access: Access::With(VIEW_EM_PROFILE),
        serve: profile,
    },
    Route {
        method: Method::POST,
        path: "/mpki/api/v1/certificate",
        access: Access::With(MANAGE_EM_CERTIFICATE),
        serve: issue,
    },
    Route {
        method: Method::PUT,
        path: "/mpki/api/v1/certificate/{serial}/revoke",
        access: Access::With(MANAGE_EM_CERTIFICATE),
        serve: revoke,
    },
];

fn hello(_: &Ask<'_>) -> Result<Answer, Rejection> {
    Ok(answer::text(HELLO))
}

fn health(_: &Ask<'_>) -> Result<Answer, Rejection> {
    Ok(answer::text("UP"))
}

/// Filters are compared as a whole; `status` without regard to case, since requests write it in upper and answers in lower case.
fn search(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let window = Window::of(ask.query())?;
    let now = ask.store.now();
    let filter = |name| decoded_value_of(ask.query(), name);
    let (serial, name, status) = (filter("serial_number"), filter("common_name"), filter("status"));
    let (thumbprint, seat, profile) = (filter("thumbprint"), filter("seat_id"), filter("profile_id"));
    let page = ask.store.read(|state| {
        let same =
            |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(own));
        let found: Vec<_> = of_lifecycle(state)
            .filter(|own| same(&serial, &own.serial_number) && same(&name, &own.common_name))
            .filter(|own| same(&status, own.status(now)) && same(&thumbprint, &own.thumbprint))
            .filter(|own| same(&seat, &own.seat_id) && same(&profile, PROFILE_ID))
            .collect();
        let total = found.len();
        let items: Vec<_> = window.of_items(found).map(|own| certificate_json(state, own, now)).collect();
        json!({ "total": total, "offset": window.offset, "limit": window.limit, "items": items })
    });
    Ok(answer::ok(&page))
}

fn profiles(_: &Ask<'_>) -> Result<Answer, Rejection> {
    Ok(answer::ok(&json!([profile_json()])))
}

fn profile(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    if ask.variable(0) == PROFILE_ID { Ok(answer::ok(&profile_json())) } else { Err(Rejection::not_found("profile")) }
}

#[derive(Deserialize)]
struct NewCertificate {
    csr: Option<String>,
    profile: Option<Named>,
    seat: Option<Seat>,
    attributes: Option<Attributes>,
    validity: Option<Period>,
}

#[derive(Deserialize)]
struct Named {
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
fn issue(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let new: NewCertificate = input::body(ask.request.body(), "profile, seat, csr and attributes")?;
    if new.profile.and_then(|profile| profile.id).as_deref() != Some(PROFILE_ID) {
        return Err(Rejection::invalid(
            "profile.id",
            "profile.id names no profile: GET /mpki/api/v2/profile lists them",
        ));
    }
    let csr = new.csr.ok_or_else(|| Rejection::invalid("csr", "csr is missing"))?;
    let common_name = new.attributes.and_then(|attributes| attributes.subject?.common_name);
    let common_name = common_name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Rejection::invalid("attributes.subject.common_name", "attributes.subject.common_name is missing")
    })?;
    let days = match &new.validity {
        None => DEFAULT_DAYS,
        Some(period) => period.days().ok_or_else(|| {
            Rejection::invalid(
                "validity",
                "validity takes a unit (days, months, years) and a duration of up to 3650 days",
            )
        })?,
    };
    let seat_id = new.seat.and_then(|seat| seat.seat_id).unwrap_or_else(|| common_name.clone());
    let now = ask.store.now();
    let until = now + DAY * u32::try_from(days).unwrap_or(u32::MAX);
    let spec = RequestSpec { common_name, validity: widened(now, until), purpose: Purpose::ServerAuth };
    let chain =
        ask.store.pki.sign_request(&csr, &spec).map_err(|error| Rejection::invalid("csr", error.to_string()))?;
    let issued = IssuedCertificate::new(Issuance::Lifecycle, &spec.common_name, &seat_id, &chain[0], (now, until));
    let serial_number = issued.serial_number.clone();
    ask.change("create", "certificate", |state| {
        let id = issued.id.clone();
        state.certificates.push(issued);
        Ok((id, ()))
    })?;
    Ok(answer::created(&json!({
        "serial_number": serial_number,
        "delivery_format": "x509",
        "certificate": certificate_pem(&chain[0]),
    })))
}

/// X.509 dates that end with the period, if the system's time is the emulator's.
fn widened(now: SystemTime, until: SystemTime) -> Validity {
    match x509_dates(None, now) {
        Validity::Between(from, _) => Validity::Between(from, until.max(SystemTime::now() + DAY)),
        other => other,
    }
}

fn revoke(ask: &Ask<'_>) -> Result<Answer, Rejection> {
    let now = ask.store.now();
    ask.change("revoke", "certificate", |state| {
        let mut own = state.certificates.iter_mut().filter(|own| own.issuance == Issuance::Lifecycle);
        let found = own.find(|own| own.serial_number.eq_ignore_ascii_case(ask.variable(0)));
        let certificate = found.ok_or_else(|| Rejection::not_found("certificate"))?;
        if certificate.revoked.is_some() {
            return Err(Rejection::invalid("serial_number", "the certificate is revoked already"));
        }
        certificate.revoked = Some(seconds(now));
        Ok((certificate.id.clone(), ()))
    })?;
    Ok(answer::no_content())
}

fn of_lifecycle(state: &State) -> impl Iterator<Item = &IssuedCertificate> {
    state.certificates.iter().filter(|own| own.issuance == Issuance::Lifecycle)
}

fn certificate_json(state: &State, own: &IssuedCertificate, now: SystemTime) -> Value {
    let der = BASE64.decode(own.certificate.as_bytes()).unwrap_or_default();
    json!({
        "serial_number": own.serial_number,
        "common_name": own.common_name,
        "status": own.status(now),
        "valid_from": moment(own.valid_from),
        "valid_to": moment(own.valid_to),
        "thumbprint": own.thumbprint,
        "profile": { "id": PROFILE_ID, "name": PROFILE_NAME },
        "seat": { "seat_id": own.seat_id },
        "account": { "id": state.accounts.first().map(|account| &account.id) },
        "business_unit": { "id": state.organization_id, "name": "Emulated business unit" },
        "certificate": certificate_pem(&der),
    })
}

fn moment(seconds: u64) -> String {
    rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn profile_json() -> Value {
    json!({
        "id": PROFILE_ID,
        "name": PROFILE_NAME,
        "status": "ACTIVE",
        "signature_algorithm": "sha256WithECDSA",
        "enrollment_method": "REST_API",
    })
}
