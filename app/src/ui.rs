//! The primitives that every page is made of. They know nothing of the product.
//!
//! Each lives in a file of its own, has its style in `style/ui/` under the same name, and is shown in
//! all its states on the page `/ui` of a development build.

pub mod bar;
pub mod button;
pub mod chip;
pub mod choice;
pub mod copy;
pub mod dialog;
pub mod disclosure;
pub mod dismiss;
pub mod facts;
pub mod field;
pub mod icon;
pub mod input;
pub mod moment;
pub mod notice;
pub mod page_header;
pub mod pager;
pub mod panel;
pub mod preserve_input;
pub mod route_announcer;
pub mod select;
pub mod skeleton;
pub mod slider;
pub mod slots;
pub mod state;
pub mod table;
pub mod tabs;
pub mod toast;
