//! A sign-in that was begun in a browser: what the portal needs to know of it when the answer comes.
//!
//! All of it goes out sealed in the `state` that the issuer hands back, and a small cookie of its own ties
//! it to the browser. So no attempt is in the way of another tab's, a late answer still knows the page that
//! was asked for, and nothing is kept here for somebody who never comes back.

use crate::routes::login::return_to::ReturnTo;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use control::error::Result;
use control::secrets::Secrets;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

/// What the names of the cookies begin with; the rest is the attempt's own.
pub const COOKIE_PREFIX: &str = "__Host-sign-in-";
/// Says that an attempt was begun by itself, after an answer whose state could not be read.
const BEGUN_ANEW: &str = "__Host-sign-in-anew";
const BEGUN_ANEW_FOR: Duration = Duration::minutes(5);
/// Attempts that one browser may have; the oldest are dropped.
const AT_MOST: usize = 20;
const LIFE: Duration = Duration::hours(1);
const SEALED_FOR: &str = "a sign-in that was begun";

/// An attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What the id token must name.
    pub nonce: String,
    /// The proof that goes with the code.
    pub verifier: String,
    /// The page to go to afterwards.
    pub return_to: ReturnTo,
    /// Whether it was begun by itself, after an answer that belonged to no attempt.
    pub by_itself: bool,
    /// What the cookie holds.
    secret: String,
    begun_at: i64,
}

impl Attempt {
    /// An attempt that begins at `now`, with secrets that nobody else knows.
    pub fn new(return_to: ReturnTo, by_itself: bool, now: OffsetDateTime) -> Self {
        let random = || Secrets::generate().expose_secret().to_owned();
        Self {
            nonce: random(),
            // The standard asks for 43 characters and more.
            verifier: random() + &random(),
            return_to,
            by_itself,
            secret: random(),
            begun_at: now.unix_timestamp(),
        }
    }

    /// The `state` that carries it; it says nothing to anybody else.
    pub fn seal(&self, secrets: &Secrets) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|error| {
            control::error::Error::internal("writing a sign-in attempt down", error)
        })?;
        let sealed = secrets.seal(&SecretString::from(text), SEALED_FOR)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The attempt that a `state` of this portal carries.
    pub fn open(secrets: &Secrets, state: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(state).ok()?;
        let text = secrets.open(&sealed, SEALED_FOR).ok()?;
        serde_json::from_str(text.expose_secret()).ok()
    }

    /// A short name for it, which says nothing of its secrets.
    pub fn tag(&self) -> String {
        tag(&self.secret)
    }

    /// Whether its answer comes too late.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        let age = now.unix_timestamp() - self.begun_at;
        age >= LIFE.whole_seconds()
    }

    /// The header value that makes it this browser's; with the code, once it was answered with that.
    pub fn cookie(&self, code: Option<&str>) -> HeaderValue {
        let code = code.map(|code| format!(".{}", tag(code)));
        let value = format!(
            "{}.{}{}",
            self.begun_at,
            self.secret,
            code.unwrap_or_default()
        );
        set_cookie(&tag(&self.secret), &value, LIFE)
    }
}

/// The attempts that a browser says are its own.
pub struct Cookies(Vec<Kept>);

/// One of them.
pub struct Kept {
    tag: String,
    begun_at: i64,
    secret: String,
    code: Option<String>,
}

impl Cookies {
    /// Reads them, byte by byte: what other cookies hold is no text, or not always.
    pub fn read(headers: &HeaderMap) -> Self {
        Self(pairs(headers).filter_map(Kept::parse).collect())
    }

    /// What this browser keeps of an attempt.
    pub fn of(&self, attempt: &Attempt) -> Option<&Kept> {
        let wanted = Sha256::digest(&attempt.secret);
        self.0
            .iter()
            .find(|kept| Sha256::digest(&kept.secret) == wanted)
    }

    /// The header values that make room for one more.
    pub fn make_room(&mut self) -> Vec<HeaderValue> {
        self.0.sort_by_key(|kept| kept.begun_at);
        let surplus = (self.0.len() + 1).saturating_sub(AT_MOST);
        let dropped = self.0.drain(..surplus);
        dropped
            .map(|kept| set_cookie(&kept.tag, "", Duration::ZERO))
            .collect()
    }
}

impl Kept {
    fn parse(pair: &[u8]) -> Option<Self> {
        let pair = std::str::from_utf8(pair).ok()?.trim();
        let (tag, value) = pair.strip_prefix(COOKIE_PREFIX)?.split_once('=')?;
        let is_tag = |text: &str| text.len() == 8 && text.bytes().all(is_of_base64url);
        let mut parts = value.splitn(3, '.');
        let begun_at = parts.next()?.parse().ok()?;
        let secret = parts.next()?.to_owned();
        is_tag(tag).then(|| Self {
            tag: tag.to_owned(),
            begun_at,
            secret,
            code: parts.next().map(str::to_owned),
        })
    }

    /// Whether the attempt was answered with this code before: the answer's address was loaded again.
    pub fn was_answered_with(&self, code: &str) -> bool {
        self.code.as_deref() == Some(tag(code).as_str())
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(COOKIE).iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
}

/// The header value by which a browser says so the next time.
pub fn begun_anew() -> HeaderValue {
    cookie(BEGUN_ANEW, "1", BEGUN_ANEW_FOR)
}

/// Whether it says so.
pub fn has_begun_anew(headers: &HeaderMap) -> bool {
    let said = format!("{BEGUN_ANEW}=1");
    pairs(headers).any(|pair| pair.trim_ascii() == said.as_bytes())
}

fn is_of_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A short name for something that is not to be told.
fn tag(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..6])
}

fn set_cookie(tag: &str, value: &str, life: Duration) -> HeaderValue {
    cookie(&format!("{COOKIE_PREFIX}{tag}"), value, life)
}

fn cookie(name: &str, value: &str, life: Duration) -> HeaderValue {
    let life = life.whole_seconds();
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={life}");
    HeaderValue::try_from(cookie).expect("letters and digits make a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time")
    }

    fn begun(seconds: i64) -> Attempt {
        let at = now() + Duration::seconds(seconds);
        Attempt::new(ReturnTo::parse("/apps"), false, at)
    }

    fn sent(cookies: &[HeaderValue]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_bytes(b"city=caf\xe9").expect("a value"),
        );
        for cookie in cookies {
            let cookie = cookie.to_str().expect("text");
            let pair = cookie.split(';').next().expect("a pair");
            let line = [b"a=\xff; ", pair.as_bytes()].concat();
            headers.append(COOKIE, HeaderValue::from_bytes(&line).expect("a value"));
        }
        headers
    }

    #[test]
    fn a_state_opens_here_alone() {
        let (here, elsewhere) = (Secrets::new(&[1; 32]), Secrets::new(&[2; 32]));
        let attempt = begun(0);
        let state = attempt.seal(&here).expect("seals");
        assert_eq!(Attempt::open(&here, &state).as_ref(), Some(&attempt));
        assert_eq!(Attempt::open(&elsewhere, &state), None);
        let first = if state.starts_with('A') { "B" } else { "A" };
        let changed = format!("{first}{}", &state[1..]);
        for other in ["", "x", &state[1..], &changed] {
            assert_eq!(Attempt::open(&here, other), None, "{other}");
        }
        let longest = format!("/{}", "a".repeat(1023));
        let attempt = Attempt::new(ReturnTo::parse(&longest), false, now());
        let state = attempt.seal(&here).expect("seals");
        assert!(state.len() <= 2048, "the longest state that MxID takes");
    }

    #[test]
    fn an_attempt_belongs_to_the_browser_with_its_cookie() {
        let (mine, other) = (begun(0), begun(0));
        let cookies = Cookies::read(&sent(&[mine.cookie(None)]));
        let kept = cookies.of(&mine).expect("is known");
        assert!(!kept.was_answered_with("code"));
        assert!(cookies.of(&other).is_none());
        let answered = Cookies::read(&sent(&[mine.cookie(Some("code"))]));
        let kept = answered.of(&mine).expect("is still known");
        assert!(kept.was_answered_with("code"));
        assert!(!kept.was_answered_with("another"));
    }

    #[test]
    fn the_oldest_make_room() {
        let attempts: Vec<Attempt> = (0..20).rev().map(begun).collect();
        let all: Vec<HeaderValue> = attempts.iter().map(|it| it.cookie(None)).collect();
        let mut few = Cookies::read(&sent(&all[1..]));
        assert_eq!(few.make_room().len(), 0);
        let dropped = Cookies::read(&sent(&all)).make_room();
        let oldest = attempts.last().expect("the oldest");
        assert_eq!(
            dropped,
            [set_cookie(&tag(&oldest.secret), "", Duration::ZERO)]
        );
    }

    #[test]
    fn an_attempt_is_over_after_an_hour() {
        assert!(!begun(0).is_over(now() + Duration::minutes(59)));
        assert!(begun(0).is_over(now() + Duration::minutes(60)));
    }
}
