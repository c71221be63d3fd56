//! Whether an instance lives and may get requests.

use crate::config::Runtime;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use m2ee::client::Client;
use std::path::Path;
use std::time::Duration;

/// How often an instance is asked.
pub const EVERY: Duration = Duration::from_secs(1);
/// How long an answer may take.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Failures in a row that take an instance out of the ingress, and successes that put it back.
const TURNS: u32 = 2;

/// Failures in a row after which an instance counts as dead.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Of the admin protocol.
    silent: u32,
    /// Of the app, although the admin protocol lives. Many, because an overloaded app is slow, not
    /// dead.
    unanswered: u32,
}

impl Patience {
    /// The patience with a runtime; Java may stand still while it collects a large heap.
    pub fn with(runtime: Option<&Runtime>) -> Self {
        let (silent, unanswered) = match runtime {
            Some(Runtime::Mendix { .. }) => (15, 60),
            Some(Runtime::Program { .. }) | None => (3, 10),
        };
        Self { silent, unanswered }
    }
}

/// What one round of questions found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the admin protocol answered.
    pub alive: bool,
    /// Whether the app answered a request, and how well.
    pub app: App,
}

/// How the app answered a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum App {
    /// As it should.
    Well,
    /// With a status that says it cannot serve.
    Badly(StatusCode),
    /// Not at all.
    NotAtAll,
}

impl App {
    /// The failing check, as a person reads it.
    pub fn complaint(&self) -> Option<String> {
        match self {
            Self::Well => None,
            Self::Badly(status) => Some(format!(
                "GET / was answered with status {}",
                status.as_u16()
            )),
            Self::NotAtAll => Some(format!(
                "GET / was not answered within {} s",
                ANSWER_WITHIN.as_secs()
            )),
        }
    }
}

/// What follows from the findings so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing new.
    AsBefore,
    /// No requests any more, because of this.
    TakeOut(String),
    /// Requests again.
    PutBack,
    /// It will not come back by itself.
    Dead,
}

/// The findings so far.
#[derive(Debug, Clone)]
pub struct Health {
    patience: Patience,
    unready: u32,
    ready: u32,
    silent: u32,
    unanswered: u32,
    out: bool,
}

impl Health {
    /// Nothing found yet.
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            unready: 0,
            ready: 0,
            silent: 0,
            unanswered: 0,
            out: false,
        }
    }

    /// Adds a finding.
    pub fn after(&mut self, finding: &Finding) -> Verdict {
        self.silent = if finding.alive { 0 } else { self.silent + 1 };
        self.unanswered = match finding.app {
            App::NotAtAll => self.unanswered + 1,
            App::Well | App::Badly(_) => 0,
        };
        if self.silent >= self.patience.silent || self.unanswered >= self.patience.unanswered {
            return Verdict::Dead;
        }
        let complaint = finding.app.complaint();
        (self.ready, self.unready) = if complaint.is_none() {
            (self.ready + 1, 0)
        } else {
            (0, self.unready + 1)
        };
        match complaint {
            Some(complaint) if !self.out && self.unready >= TURNS => {
                self.out = true;
                Verdict::TakeOut(complaint)
            }
            None if self.out && self.ready >= TURNS => {
                self.out = false;
                Verdict::PutBack
            }
            _ => Verdict::AsBefore,
        }
    }
}

/// Asks both sides of a runtime.
pub async fn examine(client: &Client, runtime: &Path) -> Finding {
    let client = client.with_timeout(ANSWER_WITHIN);
    let (echo, app) = tokio::join!(client.echo(), ask(runtime));
    Finding {
        alive: echo.is_ok(),
        app,
    }
}

/// Asks the app for its first page; only the answer's head counts.
pub async fn ask(runtime: &Path) -> App {
    match tokio::time::timeout(ANSWER_WITHIN, get(runtime)).await {
        Ok(Ok(status)) if status.as_u16() < 500 => App::Well,
        Ok(Ok(status)) => App::Badly(status),
        Ok(Err(error)) => {
            tracing::debug!(error = format!("{error:#}"), "an app did not answer");
            App::NotAtAll
        }
        Err(_) => App::NotAtAll,
    }
}

async fn get(runtime: &Path) -> anyhow::Result<StatusCode> {
    let request = Request::get("/")
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, "health-check")
        .body(Bytes::new())?;
    Ok(unix_http::send_for_head(runtime, request).await?.status)
}

#[cfg(test)]
mod tests {
    use super::{App, Finding, Health, Patience, Verdict};
    use crate::config::Runtime;
    use http::StatusCode;

    const WELL: Finding = Finding {
        alive: true,
        app: App::Well,
    };

    #[test]
    fn two_bad_answers_take_it_out_and_two_good_ones_put_it_back() {
        let bad = Finding {
            alive: true,
            app: App::Badly(StatusCode::BAD_GATEWAY),
        };
        let mut health = Health::new(Patience::with(None));
        assert_eq!(health.after(&bad), Verdict::AsBefore);
        assert_eq!(health.after(&WELL), Verdict::AsBefore);
        assert_eq!(health.after(&bad), Verdict::AsBefore);
        let Verdict::TakeOut(why) = health.after(&bad) else {
            panic!("taken out")
        };
        assert!(why.contains("502"), "{why}");
        assert_eq!(health.after(&WELL), Verdict::AsBefore);
        assert_eq!(health.after(&WELL), Verdict::PutBack);
    }

    #[test]
    fn three_silences_in_a_row_are_death() {
        let silent = Finding {
            alive: false,
            app: App::NotAtAll,
        };
        let mut health = Health::new(Patience::with(None));
        health.after(&silent);
        health.after(&WELL);
        health.after(&silent);
        assert!(matches!(health.after(&silent), Verdict::TakeOut(_)));
        assert_eq!(health.after(&silent), Verdict::Dead);
    }

    #[test]
    fn an_app_that_never_answers_is_dead_in_the_end() {
        let mute = Finding {
            alive: true,
            app: App::NotAtAll,
        };
        let mut health = Health::new(Patience::with(None));
        let verdicts: Vec<_> = (0..10).map(|_| health.after(&mute)).collect();
        assert_eq!(verdicts.last(), Some(&Verdict::Dead));
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::Dead).count(), 1);
    }
    #[test]
    fn a_java_runtime_may_stand_still_for_longer() {
        let mendix = Runtime::Mendix {
            java: "/java".into(),
            runtime_dir: "/mendix".into(),
        };
        let silent = Finding {
            alive: false,
            app: App::NotAtAll,
        };
        let mut health = Health::new(Patience::with(Some(&mendix)));
        for _ in 0..14 {
            assert_ne!(health.after(&silent), Verdict::Dead);
        }
        assert_eq!(health.after(&silent), Verdict::Dead);
    }
}
