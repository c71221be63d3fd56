//! What the unpacked package says.

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// The parts of `model/metadata.json` that matter here.
pub struct Package {
    /// The app's name.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// The version of Java that the model is made for.
    pub java_version: u32,
    /// Names of the constants, each with whether the model gives it a value.
    pub constants: Vec<(String, bool)>,
    /// How the package asks this server to misbehave.
    pub behaviour: Behaviour,
}

/// How a package asks this server to misbehave, so that a platform's failure paths can be tried.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Behaviour {
    /// `start` fails as if the after-startup action had.
    pub fail_start: bool,
    /// The process ends before it listens.
    pub exit_at_start: bool,
    /// Everything is answered with 500.
    pub unready: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(default)]
    project_name: Option<String>,
    model_version: String,
    #[serde(default = "oldest_java")]
    java_version: u32,
    #[serde(default)]
    constants: Vec<Constant>,
    #[serde(default)]
    configuration: Configuration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Constant {
    name: String,
    #[serde(default)]
    default_value: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    #[serde(default)]
    sample_runtime: Behaviour,
}

/// Packages say it since there was another one.
const fn oldest_java() -> u32 {
    8
}

impl Package {
    /// Reads the package under `app_base`.
    pub fn read(app_base: &Path) -> anyhow::Result<Self> {
        let file = app_base.join("model/metadata.json");
        let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let metadata: Metadata =
            serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))?;
        let constants = metadata.constants.into_iter();
        Ok(Self {
            name: metadata.project_name.unwrap_or_else(|| "App".into()),
            version: metadata.model_version,
            java_version: metadata.java_version,
            constants: constants
                .map(|c| (c.name, !c.default_value.is_null()))
                .collect(),
            behaviour: metadata.configuration.sample_runtime,
        })
    }
}
