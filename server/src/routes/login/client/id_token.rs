//! The id token: a signature by one of the issuer's keys, then each claim that says for whom it is.

use crate::routes::login::client::fields::Fields;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// Two machines' clocks may differ by so much, seconds.
const CLOCKS_DIFFER: f64 = 60.0;
/// The longest id of a person, by the standard.
const LONGEST_SUBJECT: usize = 255;
/// Keys that are tried; an issuer has two or three.
const KEYS_AT_MOST: usize = 20;

/// What the token has to be for.
pub struct Expected<'a> {
    /// The issuer's name.
    pub issuer: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// What the attempt was begun with.
    pub nonce: &'a str,
    /// The time.
    pub now: OffsetDateTime,
}

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// None of these keys has made it; others may have.
    Signature,
    /// It says something else than it should.
    Claim {
        /// Which part of it.
        claim: &'static str,
        /// What is wrong with that.
        why: &'static str,
    },
}

const fn refused(claim: &'static str, why: &'static str) -> Refused {
    Refused::Claim { claim, why }
}

/// The claims of a token that is proven.
pub fn verify(
    token: &str,
    expected: &Expected<'_>,
    keys: &CoreJsonWebKeySet,
) -> Result<Fields, Refused> {
    let malformed = || refused("id_token", "is no signed token");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let fields = |part: &str| Fields::parse(&decoded(part)?).ok_or_else(malformed);
    let header = fields(header)?;
    let algorithm = algorithm(&header)?;
    let signature = decoded(signature)?;
    let is_made_by = |key: &CoreJsonWebKey| {
        key.verify_signature(&algorithm, signed.as_bytes(), &signature)
            .is_ok()
    };
    if !candidates(keys, &header).any(is_made_by) {
        return Err(Refused::Signature);
    }
    let claims = fields(claims)?;
    check(&claims, expected)?;
    Ok(claims)
}

/// How the token is signed: ES256, as the built-in provider does, or RS256, which every other one can.
fn algorithm(header: &Fields) -> Result<CoreJwsSigningAlgorithm, Refused> {
    if header.has("crit") {
        return Err(refused("crit", "asks for something that is not known here"));
    }
    if header.has("cty") {
        return Err(refused("cty", "says that it holds another token"));
    }
    if header.has("typ") {
        let kind = header.text("typ").unwrap_or_default().to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        if !matches!(kind, "jwt" | "jose") {
            return Err(refused("typ", "is that of another kind of token"));
        }
    }
    match header.text("alg") {
        Some("ES256") => Ok(CoreJwsSigningAlgorithm::EcdsaP256Sha256),
        Some("RS256") => Ok(CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
        _ => Err(refused("alg", "is neither ES256 nor RS256")),
    }
}

/// The keys that may have made the signature: some issuers give two keys one id, or none. Whether a key is
/// for this kind of signature is looked at when it is tried.
fn candidates<'a>(
    keys: &'a CoreJsonWebKeySet,
    header: &'a Fields,
) -> impl Iterator<Item = &'a CoreJsonWebKey> {
    let is_named = |key: &&CoreJsonWebKey| match (header.text("kid"), key.key_id()) {
        (Some(wanted), Some(id)) => wanted == id.as_str(),
        _ => true,
    };
    keys.keys().iter().filter(is_named).take(KEYS_AT_MOST)
}

fn check(claims: &Fields, expected: &Expected<'_>) -> Result<(), Refused> {
    if claims.text("iss") != Some(expected.issuer) {
        return Err(refused("iss", "names another issuer"));
    }
    let audiences = claims.texts("aud").unwrap_or_default();
    if !audiences.contains(&expected.client_id) {
        return Err(refused("aud", "does not name this portal"));
    }
    // For whom it was made, where others may use it too.
    let party = claims.text("azp");
    if claims.has("azp") && party != Some(expected.client_id) {
        return Err(refused("azp", "names another client"));
    }
    if audiences.len() > 1 && party.is_none() {
        return Err(refused("azp", "is missing beside several in aud"));
    }
    check_time(claims, expected.now)?;
    // Compared as digests, so that the time taken says nothing.
    let nonce = claims.text("nonce").map(Sha256::digest);
    if nonce != Some(Sha256::digest(expected.nonce)) {
        return Err(refused("nonce", "belongs to another sign-in"));
    }
    let is_id = |subject: &str| {
        subject.len() <= LONGEST_SUBJECT && !subject.contains(|char: char| char.is_control())
    };
    if !claims.text("sub").is_some_and(is_id) {
        return Err(refused("sub", "is missing, or is no id of a person"));
    }
    Ok(())
}

fn check_time(claims: &Fields, now: OffsetDateTime) -> Result<(), Refused> {
    // Seconds since 1970 are far below what a float counts exactly.
    #[expect(clippy::cast_precision_loss, reason = "seconds are exact up to 2^53")]
    let now = now.unix_timestamp() as f64;
    match claims.seconds("exp") {
        None => return Err(refused("exp", "is missing, or is no time")),
        Some(end) if now >= end + CLOCKS_DIFFER => return Err(refused("exp", "is over")),
        Some(_) => {}
    }
    match claims.seconds("nbf") {
        Some(begin) if now < begin - CLOCKS_DIFFER => Err(refused("nbf", "is yet to come")),
        _ => Ok(()),
    }
}
