//! What keeps a page true while it is open: one stream of changes per visible tab.
//!
//! The stream says only *which* things changed. Whoever shows one of them counts it among the
//! sources of a resource and asks the server again. A hidden tab closes its stream; whenever a
//! stream opens, everything is asked for once more.

use crate::error::AppError;
use crate::paths;
use crate::session::api::get_session;
use leptos::prelude::*;
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use views::people::Session;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::js_sys::{Date, Math};
use web_sys::{EventSource, MessageEvent};

/// Changes that come together are passed on together: a page asks again at most once in this time.
const GATHER: Duration = Duration::from_secs(1);
/// By how much more, at most: pages that hear of the same change do not all ask at the same moment.
const SPREAD: Duration = Duration::from_millis(500);
/// The same for the first change after a while, which somebody may be waiting for.
const SPREAD_OF_FIRST: Duration = Duration::from_millis(150);
/// How long to wait before a stream that was refused is asked for again.
const RETRY: Duration = Duration::from_secs(4);
/// The same once that was refused too, though the portal answers, as where too many are open; then twice as long each
/// time, up to the longest.
const RETRY_REFUSED: Duration = Duration::from_secs(30);
const RETRY_LONGEST: Duration = Duration::from_mins(4);

/// Whether the page hears of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not asked for yet: on the server, in the first paint, in a hidden tab.
    Resting,
    /// Changes arrive.
    Open,
    /// Changes have not arrived since that second.
    Lost(i64),
    /// Nobody is signed in here any more.
    SignedOut,
}

#[derive(Debug, Clone, Default)]
struct Versions {
    all: u64,
    by_key: HashMap<String, u64>,
}

impl Versions {
    fn of(&self, keys: &[String]) -> u64 {
        keys.iter()
            .filter_map(|key| self.by_key.get(key))
            .sum::<u64>()
            + self.all
    }

    fn changed(&mut self, gathered: Gathered) {
        self.all += u64::from(gathered.all);
        for key in gathered.keys {
            *self.by_key.entry(key).or_default() += 1;
        }
    }
}

/// What changed since it was last passed on.
#[derive(Debug, Clone, Default)]
struct Gathered {
    keys: HashSet<String>,
    all: bool,
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.all
    }
}

/// The stream of this tab and what it told.
#[derive(Clone, Copy)]
struct Live {
    versions: RwSignal<Versions>,
    connection: RwSignal<Connection>,
    gathered: StoredValue<Gathered>,
    /// When something was passed on last, milliseconds since 1970.
    passed_on: StoredValue<f64>,
    /// How often in a row the stream was refused by a portal that answers.
    refusals: StoredValue<u32>,
    /// Asks for the session after a stream was refused.
    ask_why: Action<(), Result<Session, AppError>>,
}

thread_local! {
    /// The stream itself. It belongs to the browser's one thread; a page that the server renders moves
    /// between threads and must not hold it.
    static STREAM: RefCell<Option<EventSource>> = const { RefCell::new(None) };
}

/// Whether the stream is there, open or not.
fn has_stream() -> bool {
    STREAM.with_borrow(Option::is_some)
}

#[derive(Deserialize)]
struct Change {
    keys: Vec<String>,
}

/// Gives the tab its stream; once, around everything.
pub fn provide_live() {
    let live = Live {
        versions: RwSignal::new(Versions::default()),
        connection: RwSignal::new(Connection::Resting),
        gathered: StoredValue::new(Gathered::default()),
        passed_on: StoredValue::new(0.0),
        refusals: StoredValue::new(0),
        ask_why: Action::new(|(): &()| get_session()),
    };
    Effect::new(move || {
        live.ask_why.value().with(|session| {
            if let Some(session) = session {
                live.refused(session);
            }
        });
    });
    provide_context(live);
    Effect::new(move || {
        live.open();
        let follow = Closure::<dyn FnMut()>::new(move || live.follow_visibility());
        let _ = document()
            .add_event_listener_with_callback("visibilitychange", follow.as_ref().unchecked_ref());
        follow.forget();
    });
}

/// A number that changes when one of the things that `keys` name has changed.
pub fn use_live(keys: impl Into<Signal<Vec<String>>>) -> Signal<u64> {
    let keys = keys.into();
    let Some(live) = use_context::<Live>() else {
        return Signal::from(0);
    };
    let version = move |_: Option<&u64>| {
        live.versions
            .with(|versions| keys.with(|keys| versions.of(keys)))
    };
    Memo::new(version).into()
}

/// Whether the page hears of changes.
pub fn use_connection() -> Signal<Connection> {
    use_context::<Live>().map_or(Signal::from(Connection::Resting), |live| {
        live.connection.into()
    })
}

impl Live {
    fn open(self) {
        if has_stream() || document().hidden() {
            return;
        }
        let Ok(stream) = EventSource::new(&paths::events()) else {
            return;
        };
        let opened = Closure::<dyn FnMut()>::new(move || self.opened());
        let broken = Closure::<dyn FnMut()>::new(move || self.broken());
        let change = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            if let Ok(change) = serde_json::from_slice::<Change>(text.as_bytes()) {
                self.gather(|gathered| gathered.keys.extend(change.keys));
            }
        });
        let resync = Closure::<dyn FnMut()>::new(move || self.resync());
        stream.set_onopen(Some(opened.as_ref().unchecked_ref()));
        stream.set_onerror(Some(broken.as_ref().unchecked_ref()));
        for (event, listener) in [("change", change.as_ref()), ("resync", resync.as_ref())] {
            let _ = stream.add_event_listener_with_callback(event, listener.unchecked_ref());
        }
        opened.forget();
        broken.forget();
        change.forget();
        resync.forget();
        STREAM.set(Some(stream));
    }

    fn close() {
        if let Some(stream) = STREAM.take() {
            stream.set_onerror(None);
            stream.close();
        }
    }

    /// What changed between the reading of the page and this moment was told to nobody here.
    fn opened(self) {
        self.refusals.set_value(0);
        self.resync();
        self.connection.set(Connection::Open);
    }

    fn broken(self) {
        if !matches!(self.connection.get_untracked(), Connection::Lost(_)) {
            self.connection.set(Connection::Lost(now()));
        }
        let given_up = STREAM.with_borrow(|stream| {
            stream
                .as_ref()
                .is_some_and(|stream| stream.ready_state() == EventSource::CLOSED)
        });
        if given_up {
            Self::close();
            self.ask_why.dispatch(());
        }
    }

    /// The browser gives up on a stream that is refused, and does not say why.
    fn refused(self, session: &Result<Session, AppError>) {
        if *session == Err(AppError::SignedOut) {
            self.connection.set(Connection::SignedOut);
        } else {
            let refusals = self.refusals.get_value();
            let answers = u32::from(session.is_ok());
            self.refusals.set_value((refusals + answers) * answers);
            set_timeout(move || self.open(), retry_after(refusals * answers));
        }
    }

    /// A hidden tab needs no stream; a tab that is seen again may have missed something.
    fn follow_visibility(self) {
        if document().hidden() {
            Self::close();
            self.connection.set(Connection::Resting);
        } else if !has_stream() {
            self.open();
        }
    }

    fn resync(self) {
        self.gather(|gathered| gathered.all = true);
    }

    /// Notes what changed, and passes it on in a while.
    fn gather(self, note: impl FnOnce(&mut Gathered)) {
        let is_first = self.gathered.with_value(Gathered::is_empty);
        self.gathered.update_value(note);
        if is_first {
            let rested = Date::now() - self.passed_on.get_value();
            set_timeout(move || self.pass_on(), pause(rested, Math::random()));
        }
    }

    fn pass_on(self) {
        let gathered = self
            .gathered
            .try_update_value(std::mem::take)
            .unwrap_or_default();
        self.passed_on.set_value(Date::now());
        self.versions.update(|versions| versions.changed(gathered));
    }
}

/// How long changes are gathered, when the last were passed on so many milliseconds ago; `chance` is from 0 to 1.
fn pause(rested: f64, chance: f64) -> Duration {
    let rested = Duration::try_from_secs_f64(rested / 1000.0).unwrap_or_default();
    match GATHER.checked_sub(rested) {
        Some(rest) => rest + SPREAD.mul_f64(chance),
        None => SPREAD_OF_FIRST.mul_f64(chance),
    }
}

/// How long to wait after a stream that was refused so often before.
fn retry_after(refusals: u32) -> Duration {
    match refusals.checked_sub(1) {
        None => RETRY,
        Some(doubled) => (RETRY_REFUSED * (1 << doubled.min(3))).min(RETRY_LONGEST),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds fit by far")]
fn now() -> i64 {
    (Date::now() / 1000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::{Gathered, Versions, pause, retry_after};

    #[test]
    fn a_refused_stream_is_asked_for_ever_more_slowly() {
        let waits = [0, 1, 2, 3, 4, 99].map(|refusals| retry_after(refusals).as_secs());
        assert_eq!(waits, [4, 30, 60, 120, 240, 240]);
    }

    #[test]
    fn the_first_change_is_passed_on_at_once_and_more_of_them_together() {
        let millis = |rested, chance| pause(rested, chance).as_millis();
        assert_eq!((millis(5000.0, 0.0), millis(1000.1, 1.0)), (0, 150));
        assert_eq!((millis(0.0, 0.0), millis(400.0, 1.0)), (1000, 1100));
        assert_eq!(millis(-7.0, 0.0), 1000, "the clock was set back");
    }

    #[test]
    fn a_version_moves_with_its_own_keys_and_with_everything() {
        let keys = ["app:shop", "apps"].map(str::to_owned);
        let changed = |keys: &[&str]| Gathered {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            all: false,
        };
        let mut versions = Versions::default();
        assert_eq!(versions.of(&keys), 0);
        versions.changed(changed(&["operations"]));
        assert_eq!(versions.of(&keys), 0);
        versions.changed(changed(&["apps", "operations", "apps"]));
        assert_eq!(versions.of(&keys), 1);
        versions.changed(Gathered {
            all: true,
            ..Gathered::default()
        });
        assert_eq!(versions.of(&keys), 2);
        assert_eq!(versions.of(&[]), 1);
    }
}
