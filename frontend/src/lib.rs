//! Makes the pages that the server sent alive in the browser.

use app::App;
use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the app to the document. The code of the page is there before that: a page is taken over in
/// one go, so that nothing can change between what the server sent and what is found.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    app::parts::load_for_this_page().await;
    leptos::mount::hydrate_body(App);
}
