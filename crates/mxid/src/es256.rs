//! Signing with ES256: ECDSA on P-256 over SHA-256, which `openidconnect` verifies but does not sign with.

use openidconnect::core::{CoreJsonCurveType, CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey, SigningError};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};

/// A private key with its id.
pub(crate) struct Es256Key {
    key: SigningKey,
    kid: String,
}

impl Es256Key {
    /// A new key, as PEM (PKCS #8).
    pub(crate) fn generate() -> Result<String, String> {
        let key = SigningKey::try_generate().map_err(|error| error.to_string())?;
        let pem = key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| error.to_string())?;
        Ok(pem.to_string())
    }

    pub(crate) fn from_pem(pem: &str, kid: String) -> Result<Self, String> {
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|error| error.to_string())?;
        Ok(Self { key, kid })
    }
}

impl PrivateSigningKey for Es256Key {
    type VerificationKey = CoreJsonWebKey;

    fn sign(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        if *algorithm != CoreJwsSigningAlgorithm::EcdsaP256Sha256 {
            return Err(SigningError::UnsupportedAlg(format!("{algorithm:?}")));
        }
        let signature: Signature = self
            .key
            .try_sign(message)
            .map_err(|_| SigningError::CryptoError)?;
        Ok(signature.to_bytes().to_vec())
    }

    fn as_verification_key(&self) -> CoreJsonWebKey {
        let point = self.key.verifying_key().to_sec1_point(false);
        // The tag of an uncompressed point, then both coordinates.
        let (x, y) = point.as_bytes()[1..].split_at(32);
        CoreJsonWebKey::new_ec(
            x.to_vec(),
            y.to_vec(),
            CoreJsonCurveType::P256,
            Some(JsonWebKeyId::new(self.kid.clone())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Es256Key;
    use openidconnect::core::CoreJwsSigningAlgorithm;
    use openidconnect::{JsonWebKey, PrivateSigningKey};

    #[test]
    fn a_signature_holds_for_its_message_alone() {
        let pem = Es256Key::generate().expect("a key");
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS #8");
        let key = Es256Key::from_pem(&pem, "k".to_owned()).expect("is read");
        let es256 = CoreJwsSigningAlgorithm::EcdsaP256Sha256;
        let signature = key.sign(&es256, b"words").expect("a signature");
        assert_eq!(signature.len(), 64);
        let public = key.as_verification_key();
        let holds = |message: &[u8]| public.verify_signature(&es256, message, &signature);
        assert!(holds(b"words").is_ok());
        assert!(holds(b"other words").is_err());
        let rs256 = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
        assert!(key.sign(&rs256, b"words").is_err());
    }
}
