//! Packages over HTTP: what is refused leaves nothing behind, what is accepted comes back unchanged.

use crate::browser::{Browser, PAGE, Page};
use crate::test_app::{ADA, OLGA, PACKAGE_BYTES, TestApp};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use sqlx::PgPool;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const UPLOAD: &str = "/apps/quokka/packages/upload";
const METADATA: &str = r#"{"ModelVersion":"2.4.1","RuntimeVersion":"10.6.0","Name":"Quokka","Description":"","Constants":[],"ScheduledEvents":[]}"#;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_package_is_accepted_shown_and_comes_back_unchanged(pool: PgPool) {
    let app = TestApp::new(pool).await;
    app.create_app("Quokka", "quokka").await;
    let ada = app.signed_in(ADA).await;
    let package = package();
    let answer = upload(&ada, "application/json", "Quokka 1.mda", package.clone()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let location = answer["location"].as_str().expect("a location").to_owned();
    assert!(location.starts_with("/apps/quokka/packages/"), "{location}");
    assert_eq!(ada.get(&location).await.status, StatusCode::OK);

    let file = ada
        .request(Method::GET, &format!("{location}/file"))
        .header("accept", PAGE)
        .send()
        .await
        .expect("a file");
    assert_eq!(
        file.headers()["content-disposition"],
        "attachment; filename=\"Quokka 1.mda\"; filename*=UTF-8''Quokka%201.mda"
    );
    assert_eq!(
        file.headers()["content-length"],
        package.len().to_string().as_str()
    );
    assert_eq!(file.bytes().await.expect("bytes"), package);

    let olga = app.signed_in(OLGA).await;
    assert_eq!(
        olga.get(&format!("{location}/file")).await.status,
        StatusCode::NOT_FOUND,
        "not for another company"
    );
    assert_eq!(
        upload(&olga, "application/json", "x.mda", package)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refused_package_leaves_nothing_behind(pool: PgPool) {
    let app = TestApp::new(pool).await;
    app.create_app("Quokka", "quokka").await;
    let ada = app.signed_in(ADA).await;
    let large = vec![0; usize::try_from(PACKAGE_BYTES).expect("fits") + 1];
    let cut_off = package()[..100].to_vec();
    for (what, content) in [
        ("empty", Vec::new()),
        ("no zip", b"<html>".to_vec()),
        ("cut off", cut_off),
        ("too large", large),
    ] {
        let answer = upload(&ada, "application/json", "x.mda", content).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{what}: {}",
            answer.body
        );
        let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(answer["errors"][0]["field"], "package", "{what}");
        assert!(
            answer["errors"][0]["message"]
                .as_str()
                .is_some_and(|message| message.len() > 10),
            "{what}"
        );
    }
    assert_eq!(files_below(app.folder.path()), Vec::<String>::new());
    let rows: i64 = sqlx::query_scalar("select count(*) from packages")
        .fetch_one(&app.state.control.pool)
        .await
        .expect("a count");
    assert_eq!(rows, 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_upload_that_breaks_off_leaves_nothing_behind(pool: PgPool) {
    let app = TestApp::new(pool).await;
    app.create_app("Quokka", "quokka").await;
    let ada = app.signed_in(ADA).await;
    let start =
        "--b\r\ncontent-disposition: form-data; name=\"package\"; filename=\"x.mda\"\r\n\r\nPK";
    let request = ada
        .request(Method::POST, UPLOAD)
        .header("accept", "application/json");
    let answer = ada
        .send(
            request
                .header("content-type", "multipart/form-data; boundary=b")
                .body(start),
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("broke off"), "{}", answer.body);
    assert_eq!(files_below(app.folder.path()), Vec::<String>::new());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn without_scripts_the_page_says_how_it_went(pool: PgPool) {
    let app = TestApp::new(pool).await;
    app.create_app("Quokka", "quokka").await;
    let ada = app.signed_in(ADA).await;
    let refused = upload(&ada, PAGE, "x.mda", b"no zip".to_vec()).await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    let location = refused.location().expect("back to the page").to_owned();
    assert!(
        location.starts_with("/apps/quokka/packages?refused="),
        "{location}"
    );
    assert_eq!(ada.get(&location).await.status, StatusCode::OK);

    let nothing_chosen = upload(&ada, PAGE, "", Vec::new()).await;
    assert!(
        nothing_chosen
            .location()
            .is_some_and(|it| it.contains("Choose+a+package+file")),
        "{nothing_chosen:?}"
    );

    let accepted = upload(&ada, PAGE, "x.mda", package()).await;
    let location = accepted.location().expect("to the package").to_owned();
    assert_eq!(accepted.status, StatusCode::SEE_OTHER);
    assert_eq!(ada.get(&location).await.status, StatusCode::OK);
}

async fn upload(browser: &Browser, accept: &str, file_name: &str, content: Vec<u8>) -> Page {
    let form = Form::new().part(
        "package",
        Part::bytes(content).file_name(file_name.to_owned()),
    );
    browser
        .send(
            browser
                .request(Method::POST, UPLOAD)
                .header("accept", accept)
                .multipart(form),
        )
        .await
}

fn package() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("model/metadata.json", METADATA),
        ("model/model.mdp", "model"),
        ("web/index.html", "<h1>Quokka</h1>"),
    ] {
        zip.start_file(name, SimpleFileOptions::default())
            .expect("a file");
        zip.write_all(content.as_bytes()).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path().display().to_string());
        }
    }
    files
}
