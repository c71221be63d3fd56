//! What lies on the disk of a cell from before, from later, or damaged.

use crate::bench::{Bench, next, serving};
use crate::load::{Load, get, who};
use engine::observation::Rollout;
use engine::workload::Workload;
use engine::{Engine, EngineError};
use http::StatusCode;
use serde_json::{Value, json};
use std::path::PathBuf;

fn workload_file(bench: &Bench, workload: &Workload) -> PathBuf {
    bench.data().join(format!("workloads/{}.json", workload.id))
}

/// The records of a workload's instances.
fn instance_files(bench: &Bench, workload: &Workload) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(bench.data().join("instances")).expect("a folder");
    let files = folders.map(|folder| folder.expect("an entry").path().join("record.json"));
    let id = workload.id.to_string();
    files.filter(|file| read(file)["workload"] == id).collect()
}

fn read(file: &PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(file).expect("there")).expect("JSON")
}

fn edit(file: &PathBuf, change: impl FnOnce(&mut Value)) {
    let mut text = read(file);
    change(&mut text);
    std::fs::write(file, text.to_string()).expect("written");
}

/// Makes a template as form 0 had it.
fn with_paths(template: &mut Value) {
    let path = |url: &Value| {
        let url: url::Url = url.as_str().expect("text").parse().expect("an address");
        json!(url.to_file_path().expect("a path"))
    };
    template["bucket"] = path(&template["bucket"]["url"]);
    let package = &mut template["package"];
    package["file"] = path(&package["url"]);
    let package = package.as_object_mut().expect("an object");
    package.retain(|name, _| !["url", "bytes"].contains(&name.as_str()));
}

/// As if this cell had learnt of a field only now.
fn forget(template: &mut Value) {
    let template = template.as_object_mut().expect("an object");
    template.remove("pids").expect("it was there");
}

/// Waits until the cell says that it cannot read what is wanted; gives what it says.
async fn unreadable(bench: &Bench, workload: &Workload) -> String {
    bench
        .until(workload, "the complaint", |seen| match &seen.rollout {
            Rollout::Failed { reason, .. } if seen.revision < 0 => Some(reason.clone()),
            _ => None,
        })
        .await
}

async fn problems(bench: &Bench) -> Vec<String> {
    bench.engine.info().await.expect("info").problems
}

#[tokio::test]
async fn yesterdays_records_are_taken_over_and_the_upgrade_restarts_nothing() {
    let mut bench = Bench::start().await;
    let (_database, mut workload, pids) = serving(&bench, 2).await;
    bench.kill();
    edit(&workload_file(&bench, &workload), |record| {
        with_paths(&mut record["wanted"]["template"]);
        with_paths(&mut record["serving"]);
        let record = record.as_object_mut().expect("an object");
        record.remove("version");
        let rolled_out = record.remove("rolled_out").expect("it was rolled out");
        record.insert("moved".to_owned(), rolled_out);
    });
    for file in instance_files(&bench, &workload) {
        edit(&file, |record| {
            with_paths(&mut record["template"]);
            record.as_object_mut().expect("an object").remove("version");
        });
    }
    bench.run().await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert!(problems(&bench).await.is_empty());
    // The portal hands over what it wants in its own words: the same under the next revision.
    next(&mut workload);
    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert_eq!(read(&workload_file(&bench, &workload))["version"], 1);
    bench.end().await;
}

#[tokio::test]
async fn a_newer_record_stops_nothing_and_the_next_hand_over_mends_it() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 2).await;
    let (_other_database, other, other_pids) = serving(&bench, 1).await;
    bench.kill();
    let file = workload_file(&bench, &workload);
    edit(&file, |record| {
        record["version"] = json!(99);
        record["wanted"]["instances"] = json!({ "minimum": 2, "maximum": 4 });
    });
    let newer = read(&file);
    bench.run().await;

    assert_eq!(bench.converged(&other).await, other_pids);
    let said = unreadable(&bench, &workload).await;
    assert!(said.contains("newer") && said.contains("99"), "{said}");
    assert!(said.contains("Apply"), "{said}");
    let problems_now = problems(&bench).await;
    assert_eq!(problems_now.len(), 1, "{problems_now:?}");
    assert!(problems_now[0].contains(&workload.id.to_string()));
    assert!(bench.log().contains(&said), "{}", bench.log());
    for workload in [&workload, &other] {
        let (status, page) = get(bench.apps(), workload, "/").await;
        assert_eq!(status, StatusCode::OK, "{page:?}");
    }
    assert_eq!(read(&file), newer, "it is left as it was found");

    // The same revision as before: nobody can say that it is known with another content.
    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert!(problems(&bench).await.is_empty());
    assert_eq!(read(&file.with_extension("unreadable")), newer);
    bench.kill();
    bench.run().await;
    assert_eq!(bench.converged(&workload).await, pids);
    bench.end().await;
}

#[tokio::test]
async fn a_damaged_record_ends_no_instance_and_can_be_removed() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 1).await;
    let (_other_database, other, other_pids) = serving(&bench, 1).await;
    bench.kill();
    for workload in [&workload, &other] {
        std::fs::write(workload_file(&bench, workload), "{\"wanted\": {").expect("damaged");
    }
    let stranger = bench.data().join("workloads/notes.json");
    std::fs::write(&stranger, "{}").expect("written");
    bench.run().await;
    let said = unreadable(&bench, &workload).await;
    assert!(said.contains("damaged"), "{said}");
    let found = bench.engine.observe(workload.id).await.expect("observed");
    let runs: Vec<_> = found.instances.iter().filter_map(|it| it.pid).collect();
    assert_eq!(runs, pids);
    assert_eq!(problems(&bench).await.len(), 2);

    bench.apply(&workload).await;
    assert_eq!(bench.converged(&workload).await, pids);
    assert_eq!(who(bench.apps(), &workload).await["index"], 0);
    bench.engine.remove(other.id).await.expect("removed");
    bench.ended(&other_pids).await;
    let gone = bench.engine.observe(other.id).await;
    assert!(matches!(gone, Err(EngineError::NotFound)));
    assert!(problems(&bench).await.is_empty());
    std::fs::remove_file(&stranger).expect("removed");
    bench.end().await;
}

#[tokio::test]
async fn a_field_without_a_default_costs_no_request() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 2).await;
    bench.kill();
    edit(&workload_file(&bench, &workload), |record| {
        forget(&mut record["wanted"]["template"]);
    });
    for file in instance_files(&bench, &workload) {
        edit(&file, |record| forget(&mut record["template"]));
    }
    bench.run().await;
    let said = unreadable(&bench, &workload).await;
    assert!(said.contains("pids"), "{said}");
    let load = Load::start(bench.apps(), &workload);
    load.more(50).await;
    bench.apply(&workload).await;
    let new = bench.converged(&workload).await;
    load.more(50).await;
    load.end_without_failure().await;
    // What they were made of is not known to the last field: they are replaced, one after another.
    assert!(
        new.iter().all(|pid| !pids.contains(pid)),
        "{pids:?} {new:?}"
    );
    bench.ended(&pids).await;
    bench.end().await;
}

#[tokio::test]
async fn only_what_is_not_known_to_the_last_field_is_replaced() {
    let mut bench = Bench::start().await;
    let (_database, workload, pids) = serving(&bench, 3).await;
    bench.kill();
    edit(&workload_file(&bench, &workload), |record| {
        record["version"] = json!(99);
    });
    for file in instance_files(&bench, &workload) {
        edit(&file, |record| {
            if record["index"] == 1 {
                forget(&mut record["template"]);
            }
        });
    }
    bench.run().await;
    unreadable(&bench, &workload).await;
    bench.apply(&workload).await;
    let now = bench.converged(&workload).await;
    assert_eq!((now[0], now[2]), (pids[0], pids[2]));
    bench.ended(&pids[1..2]).await;
    bench.end().await;
}
