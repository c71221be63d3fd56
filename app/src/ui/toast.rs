//! Short messages about what a bare action came to. Errors stay until they are closed.

use crate::ui::button::IconButton;
use crate::ui::icon::Shape;
use crate::ui::route_announcer::keep_focus;
use domain::states::Tone;
use leptos::prelude::*;
use std::time::Duration;

/// How long a message that is no error stays.
const SHOWN_FOR: Duration = Duration::from_secs(5);

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// How pressing it is.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// Where to look: address and words.
    pub link: Option<(String, String)>,
}

impl Toast {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Ok,
            text: text.into(),
            link: None,
        }
    }

    /// Something was not done.
    pub fn failed(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Bad,
            text: text.into(),
            link: None,
        }
    }

    /// The same message with a place to look.
    #[must_use]
    pub fn with_link(self, href: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            link: Some((href.into(), words.into())),
            ..self
        }
    }
}

/// The messages of this tab.
#[derive(Debug, Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<(u32, Toast)>>,
    count: StoredValue<u32>,
}

impl Toasts {
    /// Shows a message.
    pub fn push(self, toast: Toast) {
        let id = self.count.get_value();
        self.count.set_value(id.wrapping_add(1));
        let stays = matches!(toast.tone, Tone::Bad | Tone::Warn);
        self.shown.update(|shown| {
            shown.retain(|(_, other)| *other != toast);
            shown.push((id, toast));
        });
        if !stays {
            set_timeout(move || self.close(id), SHOWN_FOR);
        }
    }

    /// Closes a message on a press: the pressed button goes, and the focus passes on.
    fn dismiss(self, id: u32) {
        self.close(id);
        request_animation_frame(keep_focus);
    }

    fn close(self, id: u32) {
        self.shown
            .update(|shown| shown.retain(|(other, _)| *other != id));
    }
}

/// Gives the tab its messages; once, around everything.
pub fn provide_toasts() {
    provide_context(Toasts {
        shown: RwSignal::new(Vec::new()),
        count: StoredValue::new(0),
    });
}

/// The messages of this tab.
pub fn use_toasts() -> Toasts {
    expect_context::<Toasts>()
}

/// Where the messages are shown and read out; once, in the frame.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <section class="toasts" aria-label="Messages" aria-live="polite" aria-relevant="additions">
            <For each=move || toasts.shown.get() key=|(id, _)| *id let((id, toast))>
                <div class="toast" data-state=toast.tone.as_str()>
                    <p class="toast__text">
                        <span>{toast.text}</span>
                        {toast.link.map(|(href, words)| view! { <a href=href>{words}</a> })}
                    </p>
                    <IconButton label="Close message" icon=Shape::Close on_press=move |()| toasts.dismiss(id) />
                </div>
            </For>
        </section>
    }
}
