//! The files of a page's area, named in the head of the page so that a browser asks for them at once.
//!
//! The framework does so too, from what a page has called, but looks its list up after the page's data has been
//! waited for, when the page's context may no longer be the current one. The address alone tells as much.

use super::Area;
use crate::routes::area_of;
use http::request::Parts;
use leptos::prelude::*;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Names of files by the name of their area.
type Files = HashMap<String, Vec<String>>;

/// Has the browser load the files of the area that the requested page lies in.
#[component]
pub fn AreaFiles(
    /// Where the files are.
    options: LeptosOptions,
) -> impl IntoView {
    static FILES: OnceLock<Files> = OnceLock::new();
    let files = FILES.get_or_init(|| read(&options));
    let path = use_context::<Parts>().map(|parts| parts.uri.path().to_owned());
    let of_area = path.and_then(|path| files.get(name(area_of(&path))));
    let package = options.site_pkg_dir;
    of_area
        .into_iter()
        .flatten()
        .map(|file| {
            let href = format!("/{package}/{file}");
            view! { <link rel="preload" href=href r#as="fetch" r#type="application/wasm" crossorigin="" /> }
        })
        .collect_view()
}

const fn name(area: Area) -> &'static str {
    match area {
        Area::Frame => "frame",
        Area::Apps => "apps",
        Area::Environments => "environments",
        Area::Work => "work",
        Area::Gallery => "gallery",
    }
}

/// The names that the build of the browser's part has left beside the program, where names are of contents.
fn read(options: &LeptosOptions) -> Files {
    if !options.hash_files {
        return Files::new();
    }
    let program = std::env::current_exe().unwrap_or_default();
    let names = program.with_file_name(&*options.hash_file);
    parse(&std::fs::read_to_string(names).unwrap_or_default())
}

/// Reads the lines `area NAME: FILE FILE…`.
fn parse(text: &str) -> Files {
    let lines = text.lines().filter_map(|line| line.strip_prefix("area "));
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(area, files)| {
            let files = files.split_whitespace().map(ToOwned::to_owned);
            (area.to_owned(), files.collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_files_of_each_area_are_found_among_the_other_names() {
        let files = parse(
            "js: abc\nwasm: def\narea apps: shared.1.wasm apps.2.wasm\narea work: work.3.wasm\n",
        );
        assert_eq!(files["apps"], ["shared.1.wasm", "apps.2.wasm"]);
        assert_eq!(files["work"], ["work.3.wasm"]);
        assert_eq!(files.len(), 2);
    }
}
