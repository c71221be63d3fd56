//! How often one address may start to sign in and one person to upload, and how many streams may be open.

use crate::web::connections::shares::{Share, Shares};
use crate::web::error_page::ErrorPage;
use axum::extract::ConnectInfo;
use axum::http::header::RETRY_AFTER;
use axum::http::{Extensions, HeaderValue, StatusCode};
use axum::response::Response;
use domain::ids::PersonId;
use domain::networks::household;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use tower_sessions::session::Id;

const SIGN_INS_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not zero");
const SIGN_INS_A_SECOND: NonZeroU32 = NonZeroU32::new(2).expect("2 is not zero");
const UPLOADS_AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");
const UPLOADS_A_MINUTE: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");

/// A window holds one while it is looked at.
const STREAMS_OF_SESSION: usize = 16;
const STREAMS_OF_PERSON: usize = 48;

/// The counters.
#[derive(Debug)]
pub struct RateLimits {
    sign_in: DefaultKeyedRateLimiter<IpAddr>,
    answer: DefaultKeyedRateLimiter<String>,
    upload: DefaultKeyedRateLimiter<PersonId>,
    streams_of_person: Shares<PersonId>,
    streams_of_session: Shares<Id>,
    clock: DefaultClock,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            sign_in: DefaultKeyedRateLimiter::keyed(
                Quota::per_second(SIGN_INS_A_SECOND).allow_burst(SIGN_INS_AT_ONCE),
            ),
            answer: DefaultKeyedRateLimiter::keyed(
                Quota::per_second(SIGN_INS_A_SECOND).allow_burst(SIGN_INS_AT_ONCE),
            ),
            upload: DefaultKeyedRateLimiter::keyed(
                Quota::per_minute(UPLOADS_A_MINUTE).allow_burst(UPLOADS_AT_ONCE),
            ),
            streams_of_person: Shares::new(STREAMS_OF_PERSON),
            streams_of_session: Shares::new(STREAMS_OF_SESSION),
            clock: DefaultClock::default(),
        }
    }
}

/// An open stream of events.
pub type Stream = (Share<Id>, Share<PersonId>);

impl RateLimits {
    /// A place for a stream of events; none when the session or the person has many open already.
    pub fn stream(&self, person: PersonId, session: Id) -> Option<Stream> {
        let of_session = self.streams_of_session.take(session)?;
        Some((of_session, self.streams_of_person.take(person)?))
    }

    /// Counts a step of signing in; the seconds to wait when there were too many.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), u64> {
        self.sign_in
            .check_key(&household(address))
            .map_err(|until| seconds(until.wait_time_from(self.clock.now())))
    }

    /// Counts an answer to a sign-in that was begun; the seconds to wait when there were too many.
    pub fn answer(&self, attempt: &str) -> Result<(), u64> {
        self.answer
            .check_key(&attempt.to_owned())
            .map_err(|until| seconds(until.wait_time_from(self.clock.now())))
    }

    /// Counts the start of an upload; the seconds to wait when there were too many.
    pub fn upload(&self, person: PersonId) -> Result<(), u64> {
        self.upload
            .check_key(&person)
            .map_err(|until| seconds(until.wait_time_from(self.clock.now())))
    }

    /// Forgets those who have not asked for a while.
    pub fn forget_idle(&self) {
        self.sign_in.retain_recent();
        self.answer.retain_recent();
        self.upload.retain_recent();
    }
}

fn seconds(wait: std::time::Duration) -> u64 {
    wait.as_secs() + 1
}

/// The address that a request came from, as [`crate::web::layers::client_address`] found it.
pub fn peer(extensions: &Extensions) -> IpAddr {
    let info = extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
        info.0.ip().to_canonical()
    })
}

/// The answer to one who asks too often.
pub fn refuse(wait_seconds: u64, extensions: &Extensions) -> Response {
    let page = ErrorPage {
        status: StatusCode::TOO_MANY_REQUESTS,
        title: "Too many attempts",
        text: format!(
            "There were too many attempts from here. Wait {wait_seconds} seconds and try again."
        ),
        action: ("/", "Try again"),
    };
    let mut response = page.answer(extensions);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(wait_seconds));
    response
}
