//! What the unpacked package says.

use anyhow::Context;
use mda::metadata;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// Packages name theirs since there was another one.
const OLDEST_JAVA: u32 = 8;

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
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the package"
)]
pub struct Behaviour {
    /// `start` fails as if the after-startup action had.
    pub fail_start: bool,
    /// The process ends before it listens.
    pub exit_at_start: bool,
    /// Bytes of text that a failing start explains itself with.
    pub fail_text_bytes: usize,
    /// Everything is answered with 500.
    pub unready: bool,
    /// The app offers attacks on its platform below `/api/hostile`.
    pub hostile: bool,
}

impl Package {
    /// Reads the package under `app_base`.
    pub fn read(app_base: &Path) -> anyhow::Result<Self> {
        let file = app_base.join(metadata::FILE);
        let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("reading {}", file.display()))
    }

    fn parse(text: &[u8]) -> anyhow::Result<Self> {
        let (about, fields) = (metadata::parse(text)?, metadata::fields(text)?);
        let constants = fields.get("Constants").and_then(Value::as_array);
        let given = |constant: &Value| constant.get("DefaultValue").is_some_and(|v| !v.is_null());
        let given = constants.into_iter().flatten().map(given);
        let configuration = fields.get("Configuration");
        let behaviour = configuration.and_then(|configuration| configuration.get("SampleRuntime"));
        Ok(Self {
            name: about.name.unwrap_or_else(|| "App".into()),
            version: about.version,
            java_version: about.java_version.unwrap_or(OLDEST_JAVA),
            constants: about
                .constants
                .into_iter()
                .map(|c| c.name)
                .zip(given)
                .collect(),
            behaviour: match behaviour {
                None | Some(Value::Null) => Behaviour::default(),
                Some(behaviour) => Behaviour::deserialize(behaviour)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn what_an_upload_accepts_is_read() {
        for text in [
            r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1.0"}"#,
            "\u{feff}{\"RuntimeVersion\":\"9.24.2\",\"ModelVersion\":\"1.0\"}",
            r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1.0","ProjectName":null,"Constants":null,"ScheduledEvents":null,"Configuration":null,"Roles":null}"#,
            r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1.0","Configuration":{"SampleRuntime":null}}"#,
        ] {
            mda::metadata::parse(text.as_bytes()).expect("the upload accepts it");
            let package = Package::parse(text.as_bytes()).expect(text);
            assert_eq!(
                (package.name.as_str(), package.version.as_str()),
                ("App", "1.0")
            );
        }
    }

    #[test]
    fn constants_with_and_without_values_are_told_apart() {
        let text = r#"{"RuntimeVersion":"9.24.2","ModelVersion":"1","Constants":[{"Name":"A.One","DefaultValue":""},{"Name":"A.Two","DefaultValue":null},{"Name":"A.Three"}]}"#;
        let package = Package::parse(text.as_bytes()).expect("reads");
        let told: Vec<_> = package
            .constants
            .iter()
            .map(|(n, given)| (n.as_str(), *given))
            .collect();
        assert_eq!(
            told,
            [("A.One", true), ("A.Two", false), ("A.Three", false)]
        );
    }
}
