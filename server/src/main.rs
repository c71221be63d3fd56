//! The `portal` program.

use anyhow::Context;
use clap::Parser;
use server::cli::{self, Arguments};
use std::process::ExitCode;

/// Rendering a page nests deeply, most of all in a build that is not optimised.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // Memory that runs out ends an app, not the portal or what it starts. Only root may say so; for others all
    // stays as it is.
    drop(std::fs::write("/proc/self/oom_score_adj", "-500"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build();
    match runtime
        .context("starting threads")
        .and_then(|runtime| runtime.block_on(cli::run(command)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portal: {error:#}");
            ExitCode::FAILURE
        }
    }
}
