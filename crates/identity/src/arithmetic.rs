//! Arithmetic on curves: the public half of a private key, and whether a key made a signature. By aws-lc-rs where the feature of its
//! name is on, as its TLS library is in the program then; else by the crates of RustCrypto. Both give the same results.

#[cfg(feature = "aws-lc-rs")]
pub(crate) use crate::with_aws_lc::{is_ecdsa_by, is_ed25519_by, public_of_ed25519, public_point};
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
pub(crate) use crate::with_rustcrypto::{is_ecdsa_by, is_ed25519_by, public_of_ed25519, public_point};
#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
pub(crate) use crate::without_curves::{is_ecdsa_by, is_ed25519_by, public_of_ed25519, public_point};

#[cfg(all(test, feature = "aws-lc-rs", feature = "rustcrypto"))]
mod tests {
    use p256::ecdsa::signature::Signer as _;
    use sha2::Digest as _;

    use crate::curve::Curve;
    use crate::{with_aws_lc as aws, with_rustcrypto as rust};

    const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

    /// The order of each curve (SP 800-186), the smallest number above all private keys.
    fn order(curve: Curve) -> Vec<u8> {
        let digits = match curve {
            Curve::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
            Curve::P384 => {
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
            }
            Curve::P521 => {
                "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
            }
        };
        data_encoding::HEXLOWER.decode(digits.as_bytes()).expect("hexadecimal")
    }

    #[test]
    fn public_halves_are_equal_and_invalid_keys_have_none() {
        for curve in CURVES {
            let len = curve.scalar_len();
            let mut less = order(curve);
            less[len - 1] -= 1;
            let mut one = vec![0; len];
            one[len - 1] = 1;
            let mut some = vec![0x5a; len];
            some[0] = 0;
            for scalar in [one, some, less] {
                let public = rust::public_point(curve, &scalar).expect("a key");
                assert_eq!(aws::public_point(curve, &scalar), Ok(public), "{curve:?}");
            }
            for scalar in [vec![0; len], order(curve), vec![0xff; len], vec![1; len - 1], vec![1; len + 1], Vec::new()]
            {
                assert_eq!(rust::public_point(curve, &scalar).ok(), None, "{curve:?} {scalar:?}");
                assert_eq!(aws::public_point(curve, &scalar).ok(), None, "{curve:?} {scalar:?}");
            }
        }
        for seed in [[0; 32], [0x5a; 32], [0xff; 32]] {
            assert_eq!(aws::public_of_ed25519(&seed), rust::public_of_ed25519(&seed));
        }
    }

    #[test]
    fn verdicts_on_signatures_are_equal() {
        let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("a key");
        let signature: p256::ecdsa::DerSignature = key.sign(b"body");
        let digest = sha2::Sha256::digest(b"body");
        let point = rust::public_point(Curve::P256, &[7; 32]).expect("a key");
        let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
        let mut off_curve = point.clone();
        off_curve[64] ^= 1;
        let other = rust::public_point(Curve::P256, &[8; 32]).expect("a key");
        let long = rust::public_point(Curve::P384, &[7; 48]).expect("a key");
        let good = signature.as_bytes();
        let trailing = [good, &[0]].concat();
        let huge = [&[0x30, 0x26, 0x02, 0x21, 0x01], &[0; 32][..], &[2, 1, 1]].concat();
        for point in [&point, &compressed, &off_curve, &other, &long, &Vec::new()] {
            for signature in [good, &trailing, &good[1..], &huge, &[0x30, 6, 2, 1, 0, 2, 1, 0], &[]] {
                for digest in [&digest[..], &[0; 32], &[1; 64], &[1; 20]] {
                    let expected = rust::is_ecdsa_by(Curve::P256, point, digest, signature);
                    assert_eq!(
                        aws::is_ecdsa_by(Curve::P256, point, digest, signature),
                        expected,
                        "{point:?} {signature:?}"
                    );
                }
            }
        }
        assert_eq!(aws::is_ecdsa_by(Curve::P256, &compressed, &digest, good), Some(true));

        let pair = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let (public, signature): (_, ed25519_dalek::Signature) = (pair.verifying_key().to_bytes(), pair.sign(b"body"));
        for (key, message, signature) in [
            (&public[..], b"body", signature.to_bytes()),
            (&public, b"text", signature.to_bytes()),
            (&public, b"body", [0; 64]),
            (&public[1..], b"body", signature.to_bytes()),
        ] {
            let expected = rust::is_ed25519_by(key, message, &signature);
            assert_eq!(aws::is_ed25519_by(key, message, &signature), expected, "{key:?} {message:?}");
        }
        assert_eq!(aws::is_ed25519_by(&public, b"body", &signature.to_bytes()), Some(true));
    }
}
