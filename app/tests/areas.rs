//! Every route lies in the area that its address names: a browser loads that area before it takes a page over,
//! and the server names its files in the page.
#![cfg(feature = "ssr")]

use any_spawner::Executor;
use app::App;
use app::areas::Area;
use app::routes::area_of;
use futures::StreamExt as _;
use leptos::prelude::*;
use leptos_axum::generate_route_list;
use leptos_router::location::RequestUrl;

/// The addresses of all pages, with something in the place of each name.
fn addresses() -> Vec<String> {
    let filled = |part: &str| {
        let shown = if part.starts_with('{') { "shop" } else { part };
        shown.to_owned()
    };
    generate_route_list(App)
        .iter()
        .map(|route| route.path().split('/').map(filled).collect::<Vec<_>>())
        .map(|parts| parts.join("/"))
        .collect()
}

async fn page(address: &str) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        provide_context(RequestUrl::new(address));
        view! { <App /> }.to_html_stream_in_order()
    });
    html.collect().await
}

#[tokio::test]
async fn every_route_shows_a_page_of_the_area_that_its_address_names() {
    let _ = Executor::init_tokio();
    let addresses = addresses();
    assert!(addresses.len() > 10, "{addresses:?}");
    for address in addresses.iter().filter(|address| *address != "/") {
        let html = page(address).await;
        assert!(html.contains("<h1"), "{address}: {html}");
        let in_frame = area_of(address) == Area::Frame;
        assert_eq!(in_frame, address == "/apps", "the area of {address}");
    }
}
