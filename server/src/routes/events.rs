//! The stream that tells a browser what has changed, as far as its person may see it.
//!
//! Events: `change` with the keys that changed, and `resync` when some may have been missed. The
//! stream ends when the session does.

use crate::state::AppState;
use crate::web::rate_limit::Stream;
use axum::Extension;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use control::ctx::Ctx;
use control::live_updates::{Audience, Update};
use control::people::ctx_of_session;
use domain::ids::{CompanyId, PersonId};
use domain::topics::Topic;
use futures::stream::unfold;
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tower_sessions::Session;
use tower_sessions::session::Id;

const HEARTBEAT: Duration = Duration::from_secs(15);

/// Opens the stream.
pub async fn stream(
    State(app): State<AppState>,
    Extension(ctx): Extension<Ctx>,
    session: Session,
    headers: HeaderMap,
) -> Response {
    let place = match (ctx.person(), session.id()) {
        (Some(person), Some(session)) => app.limits.stream(person, session),
        _ => None,
    };
    let Some(place) = place else {
        let text = "Too many windows of this session are open; close some.\n";
        let headers = [(RETRY_AFTER, "30")];
        return (StatusCode::TOO_MANY_REQUESTS, headers, text).into_response();
    };
    let mut check = interval_at(
        tokio::time::Instant::now() + app.session_check,
        app.session_check,
    );
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let missed_some = headers.contains_key("last-event-id");
    let listener = Listener {
        changes: app.changes.subscribe(),
        company: ctx.company,
        person: ctx.person(),
        session: session.id(),
        first: Some(if missed_some {
            Event::default().event("resync").data("{}")
        } else {
            Event::default().comment("open")
        }),
        count: 0,
        check,
        app,
        _place: place,
    };
    let events = unfold(listener, |mut listener| async move {
        listener
            .next()
            .await
            .map(|event| (Ok::<_, Infallible>(event), listener))
    });
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
    // Proxies must pass each event on at once.
    let unbuffered = (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    ([unbuffered], sse).into_response()
}

struct Listener {
    changes: Receiver<Update>,
    company: CompanyId,
    person: Option<PersonId>,
    session: Option<Id>,
    first: Option<Event>,
    count: u64,
    check: Interval,
    app: AppState,
    _place: Stream,
}

impl Listener {
    /// The next event; none when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            tokio::select! {
                () = self.app.shutdown.cancelled() => return None,
                change = self.changes.recv() => match change {
                    Ok(Update::Changed { company, topics, audience }) if self.is_for(company, &audience) => {
                        let access_may_have_ended = topics.contains(&Topic::People);
                        if access_may_have_ended && !self.session_holds().await {
                            return None;
                        }
                        let data = json!({ "keys": topics.iter().map(Topic::to_string).collect::<Vec<_>>() }).to_string();
                        return Some(self.numbered("change", &data));
                    }
                    Ok(Update::Lost(company)) if company == self.company => {
                        if !self.session_holds().await {
                            return None;
                        }
                        return Some(self.numbered("resync", "{}"));
                    }
                    Ok(Update::Changed { .. } | Update::Lost(_)) => {}
                    Ok(Update::Lagged) | Err(RecvError::Lagged(_)) => return Some(self.numbered("resync", "{}")),
                    Err(RecvError::Closed) => return None,
                },
                _ = self.check.tick() => {
                    if !self.session_holds().await {
                        return None;
                    }
                }
            }
        }
    }

    /// Whether the person is to hear of a change.
    fn is_for(&self, company: CompanyId, audience: &Audience) -> bool {
        company == self.company && self.person.is_some_and(|person| audience.includes(person))
    }

    fn numbered(&mut self, event: &str, data: &str) -> Event {
        self.count += 1;
        Event::default()
            .event(event)
            .id(self.count.to_string())
            .data(data)
    }

    /// Whether the session is still there and its person still active; a silent database ends nothing.
    async fn session_holds(&self) -> bool {
        let Some(session) = self.session else {
            return false;
        };
        match self.app.sessions.signed_in(session).await {
            Ok(None) => false,
            Ok(Some(it)) => {
                let control = &self.app.control;
                let generation = it.generation;
                let ctx = ctx_of_session(control, it.person(), generation, String::new()).await;
                !matches!(ctx, Ok(None))
            }
            Err(_) => true,
        }
    }
}
