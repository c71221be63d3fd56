//! Makes the pages that the server sent alive in the browser.

use app::App;
use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the app to the document.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
