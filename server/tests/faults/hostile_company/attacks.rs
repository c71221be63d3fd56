//! What the hostile company does, all of it again and again until its time is up.

use super::{ELSEWHERE, network};
use crate::browser::Browser;
use crate::world::World;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

const APP: &str = "mallory";
/// Apps that a company may have when nobody has said anything else, and how many are asked for.
const QUOTA: i64 = 50;
const TRIES: u32 = 70;
const MIB: u64 = 1 << 20;
const PAUSE: Duration = Duration::from_millis(200);
/// A plan that is soon used up.
const PLAN: &str = "insert into plans (code, position, app_memory_mib, max_instances, instance_cpu_milli, database_memory_mib,
        database_disk_gib, files_gib, is_default, created_at, updated_at)
    values ('TINY', 9, 512, 2, 1000, 1024, 1, 1, false, now(), now())";

/// What is asked of the hostile app: the attack, its amount, and how long what it took is kept.
const INSIDE: [(&str, u64, Duration); 10] = [
    ("files", 1500 * MIB, Duration::ZERO),
    ("scratch", 1500 * MIB, Duration::ZERO),
    ("log", 400 * MIB, Duration::ZERO),
    ("log-without-ends", 400 * MIB, Duration::ZERO),
    ("rows", 1500 * MIB, Duration::ZERO),
    ("sort", 1500 * MIB, Duration::ZERO),
    ("warnings", 300 * MIB, Duration::ZERO),
    ("notifications", 300 * MIB, Duration::from_secs(5)),
    ("locks", 2_000_000, Duration::from_secs(5)),
    ("connections", 1_500, Duration::from_secs(5)),
];

/// The hostile company and its app.
pub struct Attacker<'a> {
    world: &'a World,
    mallory: &'a Browser,
    host: String,
    client: Client,
    told: BTreeMap<String, String>,
}

impl<'a> Attacker<'a> {
    /// Deploys the hostile app, as anybody may.
    pub async fn settle(world: &'a World, mallory: &'a Browser) -> Self {
        sqlx::query(PLAN)
            .execute(&world.database.pool)
            .await
            .expect("a plan");
        let form = World::creation_in(mallory, APP, "eu-frankfurt", "TINY");
        let created = mallory.send(form).await;
        assert!(created.status.is_success(), "{created:?}");
        let (app, _) = world.database.app(APP).await.expect("the app");
        world.finished(app).await;
        let environment = world.database.environments(APP).await.remove(0);
        let package = world
            .upload_to(mallory, APP, "6.6.6", &["--hostile", "--name", "Mallory"])
            .await;
        World::asked(mallory, APP, "deploy", &[("package", &package)]).await;
        let operation = world.finished(environment.id).await;
        assert_eq!(operation.state, "succeeded", "{operation:?}");
        let client = Client::builder()
            .no_proxy()
            .local_address(ELSEWHERE)
            .timeout(Duration::from_secs(40));
        Self {
            world,
            mallory,
            host: format!("{}.apps.localhost", environment.host_label),
            client: client.build().expect("a client"),
            told: BTreeMap::new(),
        }
    }

    /// Attacks from inside one by one, then from all sides until the time is up; what each came to is printed.
    pub async fn attack(mut self, time: Duration) {
        for attack in INSIDE {
            let told = self.inside(attack).once().await;
            self.told.insert(format!("{} alone", attack.0), told);
        }
        let end = Instant::now() + time;
        let mut attacks = JoinSet::new();
        attacks.spawn(network::hold_idle(self.world.apps, end));
        attacks.spawn(network::hold_idle(self.world.portal, end));
        let (apps, host) = (self.world.apps, self.host.clone());
        attacks.spawn(network::slow_bodies(apps, host, end));
        for attack in INSIDE {
            attacks.spawn(self.inside(attack).until(end));
        }
        self.failing_starts().await;
        self.apps_without_end().await;
        self.bombs().await;
        while let Some(told) = attacks.join_next().await {
            self.told.extend([told.expect("an attack")]);
        }
        for (attack, told) in &self.told {
            println!("  {attack}: {told}");
        }
    }

    fn inside(&self, (attack, amount, hold): (&'static str, u64, Duration)) -> Inside {
        let hold = hold.as_millis();
        Inside {
            attack,
            client: self.client.clone(),
            url: format!(
                "http://{}/api/hostile/{attack}?amount={amount}&hold_ms={hold}",
                self.world.apps
            ),
            host: self.host.clone(),
        }
    }

    /// Versions whose start fails with 15 MB of text.
    async fn failing_starts(&mut self) {
        let mut told = Vec::new();
        for version in ["7.0.0", "7.0.1"] {
            let how = ["--fail-start", "--fail-text", "15000000"];
            let package = self.world.upload_to(self.mallory, APP, version, &how).await;
            let id = self.world.database.environments(APP).await.remove(0).id;
            let asked = World::asked(self.mallory, APP, "deploy", &[("package", &package)]).await;
            if asked.status.is_success() {
                let operation = self.world.finished(id).await;
                assert_ne!(operation.state, "succeeded", "{operation:?}");
                let error = operation.error.unwrap_or_default();
                assert!(error.len() < 20_000, "{} bytes of text", error.len());
                told.push(format!("{} with {} bytes", operation.state, error.len()));
            } else {
                told.push(asked.status.to_string());
            }
        }
        self.told
            .insert("failing starts".to_owned(), told.join(", "));
    }

    /// More apps than a company may have; some are refused at once, others where nothing is left to give them.
    async fn apps_without_end(&mut self) {
        let mut refused = 0;
        for number in 1..=TRIES {
            let name = format!("mallory-{number}");
            let form = World::creation_in(self.mallory, &name, "eu-frankfurt", "TINY");
            refused += u32::from(!self.mallory.send(form).await.status.is_success());
        }
        let question =
            "select count(*) from apps a join companies c on c.id = a.company_id where c.name = $1";
        let made = self.world.database.count(question, "Mallory").await;
        assert!(made <= QUOTA, "{made} apps of one company");
        let told = format!("{refused} of {TRIES} refused at once, {made} there");
        self.told.insert("apps without end".to_owned(), told);
    }

    /// A package that unpacks to thousands of times its size.
    async fn bombs(&mut self) {
        let file = self.world.data(&format!("bomb-{}.mda", Uuid::new_v4()));
        let script = "import sys, zipfile\n\
            with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as bomb:\n    \
                bomb.writestr('model/metadata.json', '{\"ModelVersion\":\"9.9.9\",\"RuntimeVersion\":\"9.24.2\"}')\n    \
                with bomb.open('web/bomb', 'w', force_zip64=True) as member:\n        \
                    for _ in range(1500): member.write(bytes(1 << 20))\n";
        let made = std::process::Command::new("python3")
            .arg("-c")
            .arg(script)
            .arg(&file)
            .status();
        assert!(made.expect("python").success());
        let answer = self.world.upload_file(self.mallory, APP, &file).await;
        let told = format!("{} {}", answer.status, answer.body);
        self.told.insert("a bomb".to_owned(), told);
        assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}

/// One kind of attack by the hostile app.
struct Inside {
    attack: &'static str,
    client: Client,
    url: String,
    host: String,
}

impl Inside {
    /// Again and again; how often, and what the last one came to.
    async fn until(self, end: Instant) -> (String, String) {
        let (mut tries, mut told) = (0, String::new());
        while Instant::now() < end {
            told = self.once().await;
            tries += 1;
            tokio::time::sleep(PAUSE).await;
        }
        (
            format!("{} again", self.attack),
            format!("{tries} times, at last {told}"),
        )
    }

    async fn once(&self) -> String {
        let request = self.client.post(&self.url).header("host", &self.host);
        match request.send().await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                let outcome: Value = answer.json().await.unwrap_or_default();
                let (done, reason) = (&outcome["done"], &outcome["stopped_by"]);
                format!("{done} done, stopped by {reason}")
            }
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.to_string(),
        }
    }
}
