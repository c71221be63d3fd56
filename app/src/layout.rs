//! The frame around every page: top bar, navigation, operations tray, and what the browser keeps alive.

pub mod account;
pub mod breadcrumb_trail;
pub mod connection;
pub mod crumbs;
pub mod frame;
pub mod frame_data;
pub mod menu;
pub mod nav;
pub mod not_found;
pub mod theme;
pub mod top_bar;
pub mod tray;
