//! What can be pressed: buttons that act and links that look like them.

use crate::ui::icon::{Icon, Shape};
use leptos::ev::MouseEvent;
use leptos::prelude::*;

/// How much a button asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The one act a page is for; at most one a page.
    Primary,
    /// Any other act.
    #[default]
    Secondary,
    /// An act that takes something away.
    Danger,
    /// An act of little weight, without a border.
    Plain,
}

impl ButtonKind {
    /// The classes of a button of this kind.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button--primary",
            Self::Secondary => "button",
            Self::Danger => "button button--danger",
            Self::Plain => "button button--plain",
        }
    }
}

/// A button that acts.
///
/// With a `reason` it stays focusable, says why it does nothing, and does nothing; while `busy` it
/// shows that it works and takes no second press. Further attributes come with `attr:`.
#[component]
pub fn Button(
    /// How much it asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// `button` or `submit`.
    #[prop(default = "button")]
    type_: &'static str,
    /// Whether what it started is still under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Why it cannot be pressed; nothing when it can.
    #[prop(optional, into)]
    reason: Signal<Option<String>>,
    /// What a press does, besides submitting.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// The verb and its object.
    children: Children,
) -> impl IntoView {
    let off = move || busy.get() || reason.with(Option::is_some);
    let press = move |event: MouseEvent| {
        if busy.get_untracked() || reason.with_untracked(Option::is_some) {
            event.prevent_default();
            event.stop_propagation();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    view! {
        <button
            class=kind.class()
            type=type_
            aria-disabled=move || off().then_some("true")
            aria-busy=move || busy.get().then_some("true")
            aria-description=move || reason.get()
            data-reason=move || reason.get()
            on:click=press
        >
            {children()}
        </button>
    }
}

/// A link with the weight of a button.
#[component]
pub fn LinkButton(
    /// Where it leads.
    #[prop(into)]
    href: Signal<String>,
    /// How much it asks for attention.
    #[prop(optional)]
    kind: ButtonKind,
    /// Why it leads nowhere now; nothing when it does.
    #[prop(optional, into)]
    reason: Signal<Option<String>>,
    /// Where it leads, in words.
    children: Children,
) -> impl IntoView {
    view! {
        <a
            class=kind.class()
            href=move || reason.with(Option::is_none).then(|| href.get())
            role=move || reason.with(Option::is_some).then_some("link")
            tabindex=move || reason.with(Option::is_some).then_some("0")
            aria-disabled=move || reason.with(Option::is_some).then_some("true")
            aria-description=move || reason.get()
            data-reason=move || reason.get()
        >
            {children()}
        </a>
    }
}

/// A button that shows a picture only; its words are for those who cannot see it, and on hover.
#[component]
pub fn IconButton(
    /// What it does, in words.
    #[prop(into)]
    label: Signal<String>,
    /// The picture.
    icon: Shape,
    /// What a press does.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
) -> impl IntoView {
    let press = move |_| {
        if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    view! {
        <button
            class="button button--plain button--icon"
            type="button"
            aria-label=move || label.get()
            title=move || label.get()
            on:click=press
        >
            <Icon shape=icon />
        </button>
    }
}
