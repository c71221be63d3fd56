//! The whole document, as the server sends it.

use crate::App;
use crate::areas::preload::AreaFiles;
use crate::layout::theme::initial_theme;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags};

/// What a page does by itself when its program breaks off; there before the program is.
const RECOVERY: &str = include_str!("document/recovery.js");

/// The document around the app.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=initial_theme().as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content="Create, deploy and run apps." />
                <link rel="icon" href="/mark.svg" type="image/svg+xml" />
                <HashedStylesheet options=options.clone() />
                <AutoReload options=options.clone() />
                <script nonce=use_nonce()>{RECOVERY}</script>
                <AreaFiles options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
