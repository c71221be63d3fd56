//! The few pictures of the portal, drawn on a 24-unit grid with one line width.

use leptos::prelude::*;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The portal's mark: a house with an open door.
    Mark,
    /// Three lines.
    Menu,
    /// A cross.
    Close,
    /// Two sheets.
    Copy,
    /// An angle that points down.
    Down,
    /// A tick.
    Tick,
    /// A person.
    Person,
    /// Four tiles.
    Apps,
    /// A clock with an arrow.
    Operations,
    /// A dial.
    Operator,
    /// An eye.
    Reveal,
    /// A struck eye.
    Hide,
    /// An arrow that leaves a box.
    Outside,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Mark => "M4 20V9l8-5 8 5v11M9 20v-6h6v6",
            Self::Menu => "M4 7h16M4 12h16M4 17h16",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Copy => "M9 9h10v11H9zM15 9V4H5v11h4",
            Self::Down => "M7 10l5 5 5-5",
            Self::Tick => "M5 12.5l4.5 4.5L19 7.5",
            Self::Person => {
                "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.700 1.900 7.500 5.500"
            }
            Self::Apps => "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
            Self::Operations => "M20 12a8 8 0 1 1-2.500-5.800M20 4v4h-4M12 8v4.500l3 1.800",
            Self::Operator => "M5.500 19a9 9 0 1 1 13 0M12 13l4.500-4.500",
            Self::Reveal => {
                "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
            }
            Self::Hide => {
                "M4 4l16 16M9.900 5.700A9 9 0 0 1 12 5.500c6 0 9.500 6.500 9.500 6.500a16 16 0 0 1-2.800 3.500M6.500 7.500A15 15 0 0 0 2.500 12S6 18.500 12 18.500a9 9 0 0 0 4.300-1.100M10 10a3 3 0 0 0 4 4"
            }
            Self::Outside => "M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9",
        }
    }
}

/// A picture beside words; those who cannot see it lose nothing.
#[component]
pub fn Icon(
    /// Which one.
    shape: Shape,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=shape.path()></path>
        </svg>
    }
}
