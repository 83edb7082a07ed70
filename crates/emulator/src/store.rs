//! What both listeners share: the account, its people and things, the clock, and the record of what was seen.
//!
//! One store behind two listeners is what makes a key and a certificate of one user the same caller.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use digicert_one_testbed::Pki;

use crate::end_date::rfc3339;
use crate::observation::Observation;
use crate::options::{Clock, ServiceUserSpec};
use crate::service_user::{ServiceUser, new_id};
use crate::signing::SigningCertificate;

pub(crate) const ACCOUNT_NAME: &str = "Emulated account";

pub(crate) struct Store {
    pub(crate) users: Vec<ServiceUser>,
    pub(crate) signing: Vec<SigningCertificate>,
    pub(crate) devices: usize,
    pub(crate) account_id: String,
    /// The administrator who made all the others; the only user here that is not a service user.
    pub(crate) administrator_id: String,
    pub(crate) created_at: String,
    clock: Clock,
    observations: Mutex<Vec<Observation>>,
}

impl Store {
    pub(crate) fn create(users: Vec<ServiceUserSpec>, devices: usize, pki: &Pki, clock: Clock) -> Self {
        let now = clock();
        Store {
            users: users.into_iter().map(|user| ServiceUser::create(user, pki, now)).collect(),
            signing: (1..=3).map(|number| SigningCertificate::create(pki, number)).collect(),
            devices,
            account_id: new_id(),
            administrator_id: new_id(),
            created_at: rfc3339(now),
            clock,
            observations: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    pub(crate) fn observe(&self, observation: Observation) {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner).push(observation);
    }

    pub(crate) fn observed(&self) -> Vec<Observation> {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
