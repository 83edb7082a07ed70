//! Faults of the server's certificate: we refuse the server and send nothing.

use digicert_one_core::{Code, Instance, Material};
use digicert_one_testbed::{Authority, Engine, Front, FrontOptions, Pki, ServerFlaw, ServerSpec, Validity};

use super::fault::{Fault, fault};
use super::lab::{ObservedFault, by_key, call, configured};
use super::unknown;
use crate::world::{HOST, World, certificate, front, identity, key};

pub(super) const FAULTS: &[Fault] = &[
    fault("server of an unknown CA", Code::TR_01, &[unknown::SERVER], |world| {
        Box::pin(async move {
            let front = front(FrontOptions::default());
            let config = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
            configured(&world, front.port(), config).await
        })
    }),
    fault("inspecting proxy whose CA is not trusted", Code::TR_01, &[unknown::SERVER], |world| {
        Box::pin(async move {
            let front = shown(|spec| spec.authority = Authority::Foreign);
            call(world.builder(front.port()), Material::certificate(identity(&certificate()))).await
        })
    }),
    fault("server without its intermediate", Code::TR_01, &[unknown::SERVER], |world| {
        Box::pin(refused(world, |spec| spec.send_intermediate = false))
    }),
    fault("server certificate ended", Code::TR_02, &[unknown::SERVER], |world| {
        Box::pin(refused(world, |spec| spec.validity = Validity::Expired))
    }),
    fault("server certificate of tomorrow", Code::TR_02, &[unknown::SERVER], |world| {
        Box::pin(refused(world, |spec| spec.validity = Validity::NotYetValid))
    }),
    fault("server certificate for another name", Code::HO_01, &[unknown::SERVER], |world| {
        Box::pin(refused(world, |spec| spec.names = vec!["other.digicert.test".to_owned()]))
    }),
    fault("server certificate without names", Code::HO_01, &[unknown::SERVER], |world| {
        Box::pin(refused(world, |spec| spec.names.clear()))
    }),
    fault("server certificate signed with an outdated hash", Code::TR_05, &[], |world| {
        Box::pin(refused(world, |spec| spec.flaw = Some(ServerFlaw::OutdatedSignature)))
    }),
    fault("server certificate with a wildcard one label too short", Code::HO_01, &[unknown::SERVER], |world| {
        Box::pin(refused(world, |spec| spec.names = vec!["*.test".to_owned()]))
    }),
    fault("server certificate for client authentication alone", Code::TR_05, &[], |world| {
        Box::pin(refused(world, |spec| spec.flaw = Some(ServerFlaw::ForClientsOnly)))
    }),
    fault("server certificate with an unknown critical extension", Code::TR_05, &[], |world| {
        Box::pin(refused(world, |spec| spec.flaw = Some(ServerFlaw::UnknownCriticalExtension)))
    }),
    fault("server certificate from a CA for other names", Code::TR_05, &[], |world| {
        Box::pin(refused(world, |spec| spec.flaw = Some(ServerFlaw::ConstrainedIssuer)))
    }),
    fault("server certificate with an RSA key of 1024 bits", Code::TR_05, &[unknown::HANDSHAKE], |world| {
        Box::pin(refused(world, |spec| spec.flaw = Some(ServerFlaw::SmallKey)))
    }),
    fault("server certificate without the address that is called", Code::HO_01, &[unknown::SERVER], |world| {
        Box::pin(async move {
            let front = shown(|spec| spec.names = vec![HOST.to_owned()]);
            let instance = Instance::parse(&front.url("127.0.0.1")).expect("an instance");
            call(world.builder(front.port()).instance(instance), key()).await
        })
    }),
];

fn shown(change: impl FnOnce(&mut ServerSpec)) -> Front {
    let names = vec![HOST.to_owned(), format!("clientauth.{HOST}")];
    let mut spec = ServerSpec { names, ..ServerSpec::default() };
    change(&mut spec);
    let by_rustls = spec.flaw.is_none_or(ServerFlaw::is_served_by_rustls);
    let engine = if by_rustls { Engine::Rustls } else { Engine::OpenSsl };
    front(FrontOptions::default().engine(engine).server(Pki::shared().server_with(spec)))
}

async fn refused(world: World, change: fn(&mut ServerSpec)) -> ObservedFault {
    let front = shown(change);
    let seen = by_key(&world, front.port()).await;
    assert!(front.ledger().requests().is_empty(), "nothing was sent");
    seen
}
