//! The rules of `docs/architecture.md` that can be told from the source tree alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Table;

/// The files of `app` that may name `control`: what the browser asks for, and who asks with which outcome.
const MAY_NAME_CONTROL: [&str; 2] = ["api.rs", "server_context.rs"];

/// Where SQL is, and why there.
const SQL: [(&str, &str); 6] = [
    ("crates/control/src/db/", "all SQL of the portal"),
    (
        "crates/control/src/resources/",
        "makes databases and roles on tenants' servers",
    ),
    ("crates/mxid/src/db/", "all SQL of the provider"),
    ("crates/saga/src/", "keeps its runs by itself"),
    ("crates/sample-runtime/src/", "an app has a database"),
    ("server/src/local/postgres/", "makes the private clusters"),
];
const SAYS_SQL: [&str; 9] = [
    "sqlx::query",
    "query!(",
    "query_as!(",
    "query_scalar!(",
    "query_file",
    "query_as(",
    "query_scalar(",
    "raw_sql(",
    "QueryBuilder",
];

/// Numbers of migrations from before they were one sequence.
const EARLY_MIGRATIONS: [u32; 11] = [1, 2, 3, 4, 5, 7, 10, 11, 12, 20, 21];

/// Words of the page's arrows that are no crates.
const NO_CRATES: [&str; 7] = ["with", "ssr", "hydrate", "also", "none", "of", "ours"];

#[test]
fn in_app_only_the_doors_name_control() {
    let mut broken = Vec::new();
    for (path, text) in sources(&["app/src"]) {
        let is_door = |door: &&str| path.ends_with(&format!("/{door}"));
        if MAY_NAME_CONTROL.iter().any(is_door) {
            continue;
        }
        if code(&text).contains("control::") {
            broken.push(path);
        }
    }
    nothing(
        &broken,
        "only api.rs and server_context.rs of `app` may name `control`",
    );
}

#[test]
fn sql_is_where_it_belongs() {
    let mut broken = Vec::new();
    for (path, text) in sources(&["app/src", "frontend/src", "server/src", "crates"]) {
        let is_source = path.starts_with("crates/").then(|| path.contains("/src/"));
        let belongs = SQL.iter().any(|(place, _)| path.starts_with(place));
        if is_source == Some(false) || belongs {
            continue;
        }
        if SAYS_SQL.iter().any(|word| code(&text).contains(word)) {
            broken.push(path);
        }
    }
    let places: Vec<String> = SQL.map(|(place, why)| format!("{place} ({why})")).to_vec();
    nothing(&broken, &format!("SQL is only in {}", places.join(", ")));
}

#[test]
fn every_file_says_what_it_is_and_none_is_called_mod() {
    let (mut silent, mut badly_named) = (Vec::new(), Vec::new());
    for (path, text) in sources(&["app", "frontend", "server", "crates"]) {
        if path.ends_with("/mod.rs") {
            badly_named.push(path.clone());
        }
        if !text.starts_with("//!") {
            silent.push(path);
        }
    }
    nothing(&badly_named, "a module is foo.rs beside foo/, never mod.rs");
    nothing(&silent, "the first line of a file starts with //!");
}

#[test]
fn the_crates_lean_on_each_other_as_the_page_draws_it() {
    let manifests = manifests();
    let drawn = drawn_arrows(&manifests.keys().cloned().collect());
    let mut broken = Vec::new();
    for (name, manifest) in &manifests {
        let uses = ours(manifest, &manifests);
        match drawn.get(name) {
            Some(arrows) if *arrows == uses => {}
            Some(arrows) => broken.push(format!("{name}: drawn {arrows:?}, has {uses:?}")),
            None => broken.push(format!("{name}: is not drawn, has {uses:?}")),
        }
    }
    nothing(
        &broken,
        "the arrows of docs/architecture.md are those of the Cargo.toml files",
    );
}

/// In one sequence they run in the same order on a fresh and on an old database.
#[test]
fn migrations_are_numbered_one_after_another() {
    let entries = std::fs::read_dir(root().join("migrations")).expect("a folder");
    let mut numbers: Vec<u32> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("text"))
        .map(|name| match name.split_once('_').map(|it| it.0.parse()) {
            Some(Ok(number)) if Path::new(&name).extension().is_some_and(|it| it == "sql") => {
                number
            }
            _ => panic!("migrations/{name}: a migration is called NNNN_what_it_does.sql"),
        })
        .collect();
    numbers.sort_unstable();
    let later = u32::try_from(numbers.len() - EARLY_MIGRATIONS.len()).expect("few");
    let expected: Vec<u32> = EARLY_MIGRATIONS.into_iter().chain(22..22 + later).collect();
    assert_eq!(
        numbers, expected,
        "migrations/: each has the number after the newest, none has another's"
    );
}

/// Every Rust file below the folders: its path from the root of the repository, and its text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                let hidden = path
                    .file_name()
                    .is_some_and(|it| it == "target" || it == "node_modules");
                open.extend((!hidden).then_some(path));
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                let path = path.strip_prefix(root()).expect("below the root");
                found.push((path.display().to_string(), text));
            }
        }
    }
    assert!(!found.is_empty(), "{folders:?} hold no sources");
    found.sort();
    found
}

/// The text without comments of whole lines.
fn code(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The packages of the workspace by name.
fn manifests() -> BTreeMap<String, Table> {
    let crates = std::fs::read_dir(root().join("crates")).expect("a folder");
    let crates = crates.map(|entry| entry.expect("an entry").path());
    let others = ["app", "frontend", "server"].map(|name| root().join(name));
    crates
        .chain(others)
        .map(|folder| {
            let text = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
            let manifest: Table = text.parse().expect("TOML");
            let name = manifest["package"]["name"].as_str().expect("a name");
            (name.to_owned(), manifest)
        })
        .collect()
}

/// The packages of ours that a package needs, tests apart.
fn ours(manifest: &Table, all: &BTreeMap<String, Table>) -> BTreeSet<String> {
    let of_targets = manifest.get("target").and_then(toml::Value::as_table);
    let of_targets = of_targets.into_iter().flat_map(Table::values);
    let tables = of_targets
        .filter_map(toml::Value::as_table)
        .chain([manifest])
        .filter_map(|table| table.get("dependencies")?.as_table());
    tables
        .flat_map(Table::keys)
        .filter(|name| all.contains_key(*name))
        .cloned()
        .collect()
}

/// What the page draws: each line has packages, an arrow, and the packages that they need.
fn drawn_arrows(packages: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let (_, section) = page.split_once("\n## Arrows\n").expect("a section");
    let block = section.split("```").nth(1).expect("a block of code");
    let mut drawn = BTreeMap::new();
    for line in block.lines().filter(|line| line.contains('→')) {
        let (left, right) = line.split_once('→').expect("an arrow");
        let needed: BTreeSet<String> = words(right)
            .filter(|word| !NO_CRATES.contains(&word.as_str()))
            .collect();
        let unknown: Vec<_> = needed.difference(packages).collect();
        assert!(
            unknown.is_empty(),
            "docs/architecture.md: no crates of ours: {unknown:?}"
        );
        for name in words(left) {
            let before = drawn.insert(name.clone(), needed.clone());
            assert!(
                before.is_none(),
                "docs/architecture.md: {name} is drawn twice"
            );
        }
    }
    drawn
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let words = text.split(move |c| !is_part(c));
    words.filter(|word| !word.is_empty()).map(str::to_owned)
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn nothing(broken: &[String], rule: &str) {
    assert!(
        broken.is_empty(),
        "{rule}. It is broken by:\n{}",
        broken.join("\n")
    );
}
