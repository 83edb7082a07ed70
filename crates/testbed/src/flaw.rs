//! Server certificates: right ones, and those that break one rule.

use std::sync::Arc;

use der::asn1::{Any, BitString};
use der::{Class, Decode, Encode, Tag, TagNumber, Tagged};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    NameConstraints, SigningKey,
};

use crate::certificate::{Issued, ServerCert};
use crate::pki::{Ca, Pki, ca_params, generate, leaf, set_validity, subject, unknown_critical_extension};
use crate::spec::{KeyKind, ServerFlaw, ServerSpec};

impl Pki {
    /// A right server certificate for these DNS names and IP addresses.
    pub fn server<N: AsRef<str>>(&self, names: &[N]) -> ServerCert {
        let names = names.iter().map(|name| name.as_ref().to_owned()).collect();
        self.server_with(ServerSpec { names, ..ServerSpec::default() })
    }

    /// A server certificate with a chosen defect.
    ///
    /// # Panics
    ///
    /// If a name is not a DNS name.
    pub fn server_with(&self, spec: ServerSpec) -> ServerCert {
        let mut params = CertificateParams::new(spec.names).expect("the names are DNS names or IP addresses");
        params.distinguished_name = subject("testbed server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        match spec.flaw {
            Some(ServerFlaw::SelfSignedCa) => {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.extended_key_usages.clear();
                set_validity(&mut params, spec.validity);
                let key = generate(KeyKind::P256);
                let own = params.self_signed(&key).expect("a CA can sign itself").der().to_vec();
                return ServerCert(Arc::new(Issued::new(vec![own], &key, KeyKind::P256)));
            }
            Some(ServerFlaw::ForClientsOnly) => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Some(ServerFlaw::UnknownCriticalExtension) => params.custom_extensions.push(unknown_critical_extension()),
            _ => {}
        }
        let ca = self.authority(spec.authority);
        let constrained = (spec.flaw == Some(ServerFlaw::ConstrainedIssuer)).then(|| constrained(ca));
        let (issuer, issuer_der) = match &constrained {
            Some((issuer, der)) => (issuer, der),
            None => (&ca.intermediate, &ca.intermediate_der),
        };
        let with_chain = |leaf| match spec.send_intermediate {
            true => vec![leaf, issuer_der.clone()],
            false => vec![leaf],
        };
        #[cfg(feature = "openssl")]
        if spec.flaw == Some(ServerFlaw::SmallKey) {
            let (pkcs8, public) = small_key();
            let chain = with_chain(leaf(params, spec.validity, &public, issuer));
            return ServerCert(Arc::new(Issued::of_any_key(chain, pkcs8)));
        }
        let key = generate(KeyKind::P256);
        let mut leaf = leaf(params, spec.validity, &key, issuer);
        match spec.flaw {
            Some(ServerFlaw::OutdatedSignature) => name_sha224(&mut leaf),
            Some(ServerFlaw::Version1) => leaf = as_version_1(&leaf, issuer.key()),
            _ => {}
        }
        ServerCert(Arc::new(Issued::new(with_chain(leaf), &key, KeyKind::P256)))
    }
}

/// An intermediate that may issue for one domain only, which no server here belongs to.
fn constrained(ca: &Ca) -> (Issuer<'static, KeyPair>, Vec<u8>) {
    let mut params = ca_params("Constrained Intermediate");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.use_authority_key_identifier_extension = true;
    let permitted_subtrees = vec![GeneralSubtree::DnsName("constrained.test".to_owned())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let key = generate(KeyKind::P256);
    let der = params.signed_by(&key, &ca.root).expect("a root can sign an intermediate").der().to_vec();
    (Issuer::new(params, key), der)
}

/// A key of 1024 bits in PKCS#8, and its public key.
#[cfg(feature = "openssl")]
fn small_key() -> (Vec<u8>, rcgen::SubjectPublicKeyInfo) {
    let make = || {
        let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(1024)?)?;
        Ok::<_, openssl::error::ErrorStack>((key.private_key_to_pkcs8()?, key.public_key_to_der()?))
    };
    let (pkcs8, public) = make().expect("OpenSSL makes small keys");
    (pkcs8, rcgen::SubjectPublicKeyInfo::from_der(&public).expect("a key just written can be read"))
}

/// Replaces ecdsa-with-SHA256 by ecdsa-with-SHA224 (RFC 5758 §3.2), everywhere in the certificate.
fn name_sha224(der: &mut [u8]) {
    const SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    for start in 0..der.len().saturating_sub(SHA256.len()) {
        let found = &mut der[start..start + SHA256.len()];
        if *found == SHA256 {
            found[SHA256.len() - 1] = 0x01;
        }
    }
}

/// The certificate without what version 1 has no place for, that is the version itself and the extensions, signed again.
fn as_version_1(certificate: &[u8], issuer: &KeyPair) -> Vec<u8> {
    let rewrite = || {
        let mut parts = Vec::<Any>::from_der(certificate)?;
        let mut body = Vec::<Any>::from_der(&parts[0].to_der()?)?;
        let later = [TagNumber(0), TagNumber(3)].map(|number| Tag::ContextSpecific { constructed: true, number });
        body.retain(|field| field.tag().class() != Class::ContextSpecific || !later.contains(&field.tag()));
        let body = body.to_der()?;
        let signature = issuer.sign(&body).expect("an intermediate can sign a leaf");
        parts[0] = Any::from_der(&body)?;
        parts[2] = Any::encode_from(&BitString::from_bytes(&signature)?)?;
        parts.to_der()
    };
    rewrite().expect("a certificate just written can be read")
}
