//! A user as the owner of the emulator may read it: its secrets, which no response shows again, and its state.

use std::fmt;
use std::sync::Arc;

use digicert_one_testbed::{ClientCert, KeyEncoding};

use crate::last_day::LastDay;
use crate::state::Disclosed;
use crate::store::Store;
use crate::words::readers;

/// An initial user of a running emulator: a service user, or the administrator. Clones are the same user.
///
/// Keys and certificates are those that it began with; what callers add over the wire, they alone have.
#[derive(Clone)]
pub struct ServiceUser(Arc<Record>);

struct Record {
    id: String,
    friendly_name: String,
    api_keys: Vec<(String, String)>,
    certificates: Vec<(String, ClientCert)>,
    store: Arc<Store>,
}

readers! { ServiceUser as user {
    /// The name that it began with.
    friendly_name: &str = &user.0.friendly_name;
    /// Its id.
    id: &str = &user.0.id;
    /// Its first API key.
    api_key: &str = &user.0.api_keys[0].1;
    /// All API keys that it began with.
    api_keys: impl Iterator<Item = &str> = user.0.api_keys.iter().map(|(_, value)| value.as_str());
    /// The ids of their API tokens, in the same order.
    api_token_ids: impl Iterator<Item = &str> = user.0.api_keys.iter().map(|(id, _)| id.as_str());
    /// Its first certificate with the chain, leaf first.
    certificate_pem: String = user.certificate().chain_pem();
    /// The key of its first certificate, PKCS#8.
    key_pem: String = user.certificate().key_pem(KeyEncoding::Pkcs8).unwrap_or_default();
    /// Its first certificate, in every form.
    certificate: &ClientCert = &user.0.certificates[0].1;
    /// All certificates that it began with.
    certificates: impl Iterator<Item = &ClientCert> = user.0.certificates.iter().map(|(_, certificate)| certificate);
    /// Their ids, in the same order.
    certificate_ids: impl Iterator<Item = &str> = user.0.certificates.iter().map(|(id, _)| id.as_str());
    /// Its end date.
    end_date: Option<LastDay> = user.0.store.read(|state| state.user(&user.0.id)?.end_date);
    /// Whether it is active. (It may have expired all the same.) One that was deleted is not.
    active: bool = user.0.store.read(|state| state.user(&user.0.id).is_some_and(|user| user.active));
} }

impl ServiceUser {
    /// Returns the users whose secrets may be read, the administrator first. `None` if the stored data of one
    /// of them is incomplete.
    pub(crate) fn all(store: &Arc<Store>) -> Option<Vec<ServiceUser>> {
        let of = |secrets: &Disclosed| {
            let keys = secrets.api_keys.iter().map(|key| (key.token_id.clone(), key.value.clone()));
            let api_keys: Vec<_> = keys.collect();
            let certificates: Option<Vec<_>> = secrets
                .certificates
                .iter()
                .map(|own| Some((own.certificate_id.clone(), own.identity.certificate()?)))
                .collect();
            // The accessors above rely on this.
            let certificates = certificates.filter(|own| !own.is_empty() && !api_keys.is_empty())?;
            // A deleted user must still be refused, so none of this is looked up among the users.
            let (id, friendly_name) = (secrets.user_id.clone(), secrets.friendly_name.clone());
            let store = Arc::clone(store);
            Some(ServiceUser(Arc::new(Record { id, friendly_name, api_keys, certificates, store })))
        };
        store.read(|state| state.disclosed.iter().map(of).collect())
    }
}

impl fmt::Debug for ServiceUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServiceUser").field("friendly_name", &self.0.friendly_name).finish_non_exhaustive()
    }
}
