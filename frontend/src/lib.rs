//! Makes the pages that the server sent alive in the browser.

use app::App;
use app::routes::area_of;
use leptos::prelude::window;
use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the app to the document. The area of the page is there before that: a page is taken over in one
/// go, so that nothing changes between what the server has sent and what is found.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let path = window().location().pathname().unwrap_or_default();
    // Without its area a page stays as the server has sent it: a document with links and forms.
    if area_of(&path).load().await {
        leptos::mount::hydrate_body(App);
    }
}
