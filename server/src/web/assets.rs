//! Scripts, styles and images: what cargo-leptos has put into the site folder.

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use leptos::config::LeptosOptions;
use std::path::Path;
use tower_http::services::{ServeDir, ServeFile};

/// Routes to the packed scripts and styles, and to each public file.
pub fn router<S: Clone + Send + Sync + 'static>(options: &LeptosOptions) -> Router<S> {
    let site = Path::new(&*options.site_root);
    let packed = site.join(&*options.site_pkg_dir);
    let named_by_content = options.hash_files;
    let packed = Router::new()
        .fallback_service(
            ServeDir::new(packed)
                .precompressed_br()
                .precompressed_gzip(),
        )
        .layer(from_fn(move |request: Request, next: Next| {
            cache_packed(named_by_content, request, next)
        }));
    let public = public_files(site, &options.site_pkg_dir).layer(from_fn(cache_public));
    Router::new()
        .nest(&format!("/{}", options.site_pkg_dir), packed)
        .merge(public)
}

fn public_files<S: Clone + Send + Sync + 'static>(site: &Path, except: &str) -> Router<S> {
    let entries = std::fs::read_dir(site).into_iter().flatten().flatten();
    entries.fold(Router::new(), |router, entry| {
        let (path, name) = (entry.path(), entry.file_name());
        match name
            .to_str()
            .filter(|name| *name != except && !name.starts_with('.'))
        {
            Some(name) if path.is_dir() => {
                router.nest_service(&format!("/{name}"), ServeDir::new(&path))
            }
            Some(name) => router.route_service(&format!("/{name}"), ServeFile::new(&path)),
            None => router,
        }
    })
}

/// A file whose name changes with its content is kept for good; others are asked for again.
async fn cache_packed(named_by_content: bool, request: Request, next: Next) -> Response {
    let snippet = request.uri().path().starts_with("/snippets/");
    let mut response = next.run(request).await;
    // Which of its forms is sent depends on what the browser takes.
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().insert(VARY, vary);
    if response.status().is_success() || response.status().as_u16() == 304 {
        let rule = if named_by_content && !snippet {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static(rule));
    }
    response
}

async fn cache_public(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        );
    }
    response
}
