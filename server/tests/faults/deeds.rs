//! What people do in an installation, by the requests that their browsers send.

use crate::browser::{Browser, Page};
use crate::database::{Environment, Operation};
use crate::wait::until;
use crate::world::{APP, World};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use std::path::Path;
use std::process::Command;
use uuid::Uuid;

impl World {
    /// The form that creates the app, ready to be sent.
    pub fn creation(browser: &Browser) -> reqwest::RequestBuilder {
        Self::creation_in(browser, APP, "eu-frankfurt", "M20")
    }

    /// The form that creates an app in a region with a plan, ready to be sent.
    pub fn creation_in(
        browser: &Browser,
        subdomain: &str,
        region: &str,
        plan: &str,
    ) -> reqwest::RequestBuilder {
        let key = Uuid::new_v4().to_string();
        let fields = [
            ("app[name]", "Shop"),
            ("app[subdomain]", subdomain),
            ("app[region]", region),
            ("app[plan]", plan),
            ("app[generation]", "v4"),
            ("app[environments][]", "Test"),
            ("app[environments][]", "Acceptance"),
            ("app[idempotency_key]", &key),
        ];
        let request = browser.request(Method::POST, &function("create_app"));
        request.header("accept", "application/json").form(&fields)
    }

    /// Creates the app and waits until it is there.
    pub async fn create_app(&self, browser: &Browser) {
        self.create_app_in(browser, APP, "eu-frankfurt").await;
    }

    /// Creates an app in a region and waits until it is there.
    pub async fn create_app_in(&self, browser: &Browser, subdomain: &str, region: &str) {
        let form = Self::creation_in(browser, subdomain, region, "M20");
        accepted(&browser.send(form).await);
        let (app, _) = self.database.app(subdomain).await.expect("the app");
        let operation = self.finished(app).await;
        assert_eq!(operation.state, "succeeded", "{operation:?}");
    }

    /// Waits until the latest operation of an app or environment has ended.
    pub async fn finished(&self, subject: Uuid) -> Operation {
        until(
            format!("the end of the operation on {subject}"),
            async || {
                self.database
                    .operation(subject)
                    .await
                    .filter(|operation| operation.finished)
            },
        )
        .await
    }

    /// The environment Test.
    pub async fn test(&self) -> Environment {
        self.database.environments(APP).await.remove(0)
    }

    /// Uploads a package of the sample app to the app; its id.
    pub async fn upload(&self, browser: &Browser, version: &str, how: &[&str]) -> String {
        self.upload_to(browser, APP, version, how).await
    }

    /// Uploads a package of the sample app to this app; its id.
    pub async fn upload_to(
        &self,
        browser: &Browser,
        app: &str,
        version: &str,
        how: &[&str],
    ) -> String {
        let file = self.data(&format!("{version}.mda"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/make-sample");
        let output = Command::new(script)
            .args(how)
            .arg(version)
            .arg(&file)
            .output()
            .expect("it runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let answer = self.upload_file(browser, app, &file).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        let location = answer["location"].as_str().expect("a location");
        location.rsplit('/').next().expect("an id").to_owned()
    }

    /// Uploads a file as a package to this app; the answer.
    pub async fn upload_file(&self, browser: &Browser, app: &str, file: &Path) -> Page {
        let part = Part::bytes(std::fs::read(file).expect("a package")).file_name("sample.mda");
        let path = format!("/apps/{app}/packages/upload");
        let request = browser
            .request(Method::POST, &path)
            .header("accept", "application/json");
        browser
            .send(request.multipart(Form::new().part("package", part)))
            .await
    }

    /// Asks for a change of the environment Test; the operation is under way.
    pub async fn ask(&self, browser: &Browser, change: &str, fields: &[(&str, &str)]) {
        accepted(&Self::asked(browser, APP, change, fields).await);
    }

    /// Asks for a change of the environment Test of this app; the answer.
    pub async fn asked(
        browser: &Browser,
        app: &str,
        change: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let mut all = vec![("app", app), ("environment", "test")];
        all.extend_from_slice(fields);
        let path = function(&format!("{change}_environment"));
        browser.call(&path, &all).await
    }

    /// Deploys a package to Test and waits for the end of the operation.
    pub async fn deploy(&self, browser: &Browser, package: &str) -> Operation {
        self.ask(browser, "deploy", &[("package", package)]).await;
        self.finished(self.test().await.id).await
    }

    /// Scales Test and waits until it is so.
    pub async fn scale(&self, browser: &Browser, instances: u16, memory_mib: u32) {
        let (instances, memory) = (instances.to_string(), memory_mib.to_string());
        let fields = [
            ("instances", instances.as_str()),
            ("memory_mib", memory.as_str()),
        ];
        self.ask(browser, "scale", &fields).await;
        let operation = self.finished(self.test().await.id).await;
        assert_eq!(operation.state, "succeeded", "{operation:?}");
    }
}

/// The path of a server function.
pub fn function(name: &str) -> String {
    let mut paths = server_fn::axum::server_fn_paths().map(|(path, _)| path);
    let found = paths.find(|path| path.rsplit('/').next() == Some(name));
    found
        .unwrap_or_else(|| panic!("no server function is called {name}"))
        .to_owned()
}

/// Fails unless the portal took what was asked.
fn accepted(page: &Page) {
    let taken = page.status.is_success() || page.status.is_redirection();
    assert!(
        taken && !page.path.contains("__err"),
        "{} {}: {}",
        page.status,
        page.path,
        page.body
    );
}
