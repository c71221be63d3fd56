//! How an instance comes up: unpacked, sealed in, started by its admin protocol, asked twice.

use super::{InstanceTask, LATECOMERS, Running};
use crate::disk;
use crate::local_path;
use crate::process::{self, Watched};
use crate::shared_folder;
use crate::supervisor::health::{self, App};
use crate::supervisor::report::InstanceEvent;
use crate::supervisor::{launch_spec, ownership};
use crate::usage;
use anyhow::Context;
use domain::states::InstanceState;
use m2ee::client::Client;
use std::path::PathBuf;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout};

/// Between two looks for something that appears soon: at first, and at last.
const SOON: Duration = Duration::from_millis(2);
const LATER: Duration = Duration::from_millis(20);
/// Between the two good answers, on connections of their own, that make an instance ready; and after a bad one.
const CONFIRMED_AFTER: Duration = Duration::from_millis(25);
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(100);
impl InstanceTask {
    /// Makes the instance and waits until it is ready. Whoever does not wait any more removes what is half made.
    pub(super) async fn come_up(&mut self) -> anyhow::Result<Running> {
        let watched = self.make().await?;
        self.bring_up(watched).await
    }

    async fn make(&mut self) -> anyhow::Result<Watched> {
        let shared = self.shared.clone();
        let runtime = shared.runtime(&self.record.template.runtime)?;
        self.doing(InstanceState::Starting, "Unpacking the package");
        let package = shared
            .packages
            .unpacked(&self.record.template.package)
            .await?;
        self.doing(InstanceState::Starting, "Making the sandbox");
        disk::aside(|| self.prepare())?;
        let spec = launch_spec::sandbox_spec(&shared.layout, &self.record, runtime, &package)?;
        let first = shared.sandbox.start(&spec).await?;
        self.record.first = Some(first);
        self.record.groups = usage::groups_of(first.pid);
        shared.layout.save(&self.record)?;
        Watched::open(first)?.with_context(|| self.how_it_ended())
    }

    async fn bring_up(&mut self, watched: Watched) -> anyhow::Result<Running> {
        let outcome = tokio::select! {
            biased;
            outcome = self.start_runtime() => outcome.map_err(Some),
            () = watched.ended() => Err(None),
        };
        let (client, runtime) = match outcome {
            Ok(reached) => reached,
            Err(error) => {
                // An end explains a call that failed; it is seen a moment later.
                let ended = timeout(LATECOMERS, watched.ended()).await.is_ok();
                return Err(match error {
                    Some(error) if !ended => error,
                    Some(error) => error.context(self.how_it_ended()),
                    None => anyhow::anyhow!(self.how_it_ended()),
                });
            }
        };
        self.record.ready_at = Some(OffsetDateTime::now_utc());
        self.shared.layout.save(&self.record)?;
        Ok(self.running(watched, Duration::ZERO, client, runtime))
    }

    fn prepare(&self) -> anyhow::Result<()> {
        let Self { shared, record, .. } = self;
        let owner = shared.sandbox.owner(record.uid);
        disk::private_dir(&shared.layout.instance(record.id))?;
        shared.layout.save(record)?;
        ownership::make(&shared.layout.run(record.id), owner)?;
        let bucket = local_path::of(&record.template.bucket.url)?;
        ownership::hand_over(&bucket, owner)
            .with_context(|| format!("the bucket {} cannot be used", bucket.display()))
    }

    async fn start_runtime(&mut self) -> anyhow::Result<(Client, PathBuf)> {
        let shared = self.shared.clone();
        let runtime = shared.runtime(&self.record.template.runtime)?;
        self.doing(InstanceState::Starting, "Waiting for the runtime");
        let config = launch_spec::start_config(&self.record, runtime);
        let admin = self.socket(launch_spec::ADMIN, config.alive_within).await?;
        self.note_runtime_pid();
        let client = Client::unix(admin, self.record.admin_password.clone());
        m2ee::start::run(&client, &config, |phase| {
            self.doing(InstanceState::Starting, phase);
        })
        .await?;
        self.doing(InstanceState::Checking, "Waiting for two good answers");
        let within = Duration::from_secs(shared.config.ready_within_seconds);
        let deadline = Instant::now() + within;
        let runtime = self.socket(launch_spec::RUNTIME, within).await?;
        let mut good = 0;
        loop {
            let answer = health::ask(&runtime).await;
            good = if answer == App::Well { good + 1 } else { 0 };
            if good == 2 {
                return Ok((client, runtime));
            }
            let Some(complaint) = answer.complaint() else {
                sleep(CONFIRMED_AFTER).await;
                continue;
            };
            self.doing(InstanceState::Checking, &complaint);
            anyhow::ensure!(
                Instant::now() < deadline,
                "{complaint}; it had {} s to become ready",
                within.as_secs()
            );
            sleep(ASKED_AGAIN_AFTER).await;
        }
    }

    /// Waits until the instance has made a socket, and takes it.
    async fn socket(&self, name: &str, within: Duration) -> anyhow::Result<PathBuf> {
        let run = self.shared.layout.run(self.record.id);
        let private = self.shared.layout.socket(self.record.id, name);
        let deadline = Instant::now() + within;
        let mut pause = SOON;
        loop {
            match shared_folder::take_socket(&run, name, &private) {
                Ok(()) => return Ok(private),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context("the runtime's socket cannot be used"),
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the runtime did not open its socket {name} within {} s",
                within.as_secs()
            );
            sleep(pause).await;
            pause = (pause * 2).min(LATER);
        }
    }

    fn note_runtime_pid(&mut self) {
        let first = self.record.first.map(|first| first.pid);
        self.record.runtime_pid = first.and_then(process::first_child).or(first);
        self.report(InstanceEvent::Runs(Box::new(self.record.clone())));
    }
}
