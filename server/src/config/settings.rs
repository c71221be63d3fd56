//! The settings as they are written: those of the file, and the environment's in their place.

use anyhow::{Error, Result, anyhow};
use config::{ConfigError, File, FileFormat};
use control::objects::settings::ObjectSettings;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The settings that the environment may give, in capitals there.
const IN_ENVIRONMENT: [&str; 17] = [
    "portal_addr",
    "portal_url",
    "apps_addr",
    "apps_domain",
    "apps_url",
    "portal_data",
    "database_url",
    "mxid_issuer",
    "mxid_client_id",
    "mxid_client_secret",
    "cell_socket",
    "postgres_user",
    "portal_site",
    "portal_sealing_key",
    "trusted_proxies",
    "portal_fault",
    "runtime",
];

/// The texts of the table `[objects]`, which the environment may give as `OBJECTS_URL` and so on.
const OBJECTS_IN_ENVIRONMENT: [&str; 5] = [
    "url",
    "endpoint",
    "region",
    "access_key_id",
    "secret_access_key",
];

/// A century.
const MOST_DAYS: u32 = 36_500;

/// Every setting by its name in the file; text is trimmed, and empty text counts as absent.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    #[serde(deserialize_with = "text")]
    pub portal_addr: Option<String>,
    #[serde(deserialize_with = "text")]
    pub portal_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub apps_addr: Option<String>,
    #[serde(deserialize_with = "text")]
    pub apps_domain: Option<String>,
    #[serde(deserialize_with = "text")]
    pub apps_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub portal_data: Option<String>,
    #[serde(deserialize_with = "text")]
    pub database_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub mxid_issuer: Option<String>,
    #[serde(deserialize_with = "text")]
    pub mxid_client_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub mxid_client_secret: Option<String>,
    #[serde(deserialize_with = "text")]
    pub cell_socket: Option<String>,
    #[serde(deserialize_with = "text")]
    pub postgres_user: Option<String>,
    #[serde(deserialize_with = "text")]
    pub portal_site: Option<String>,
    #[serde(deserialize_with = "text")]
    pub portal_sealing_key: Option<String>,
    #[serde(deserialize_with = "text")]
    pub trusted_proxies: Option<String>,
    #[serde(deserialize_with = "text")]
    pub portal_fault: Option<String>,
    #[serde(deserialize_with = "text")]
    pub runtime: Option<String>,
    pub limits: LimitSettings,
    pub retention: RetentionSettings,
    pub quotas: QuotaSettings,
    #[cfg_attr(test, serde(skip_serializing))]
    pub objects: ObjectSettings,
    pub regions: BTreeMap<String, RegionTexts>,
}

/// The table `[limits]`: what a package may be, and how many connections there are.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Bytes.
    #[serde(deserialize_with = "above_zero")]
    pub package_bytes: Option<u64>,
    /// Bytes, unpacked.
    #[serde(deserialize_with = "above_zero")]
    pub package_unpacked_bytes: Option<u64>,
    #[serde(deserialize_with = "above_zero")]
    pub package_files: Option<u64>,
    /// Of all environments on one database server.
    #[serde(deserialize_with = "above_zero")]
    pub database_connections: Option<u64>,
}

/// The table `[retention]`: how long what has ended is kept.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "they are named as the settings are"
)]
pub struct RetentionSettings {
    #[serde(deserialize_with = "days")]
    pub operations_days: Option<u32>,
    #[serde(deserialize_with = "days")]
    pub deployments_days: Option<u32>,
    #[serde(deserialize_with = "days")]
    pub events_days: Option<u32>,
}

/// The table `[quotas]`: what a company may use in all, where nothing is said of it.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub struct QuotaSettings {
    #[serde(deserialize_with = "above_zero")]
    pub apps: Option<u64>,
    #[serde(deserialize_with = "above_zero")]
    pub environments: Option<u64>,
    /// MiB.
    #[serde(deserialize_with = "above_zero")]
    pub memory_mib: Option<u64>,
    #[serde(deserialize_with = "above_zero")]
    pub packages: Option<u64>,
    /// Bytes.
    #[serde(deserialize_with = "above_zero")]
    pub package_bytes: Option<u64>,
}

/// A table `[regions.CODE]`.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub struct RegionTexts {
    #[serde(deserialize_with = "text")]
    pub engine: Option<String>,
    #[serde(deserialize_with = "text")]
    pub postgres: Option<String>,
    #[serde(deserialize_with = "text")]
    pub buckets: Option<String>,
    #[serde(deserialize_with = "text")]
    pub runtime: Option<String>,
}

impl Settings {
    /// Reads the file's text, and puts what the environment has in its place; a name that no setting has is refused.
    pub fn read(file: &str, environment: &BTreeMap<String, String>) -> Result<Self> {
        let mut sources =
            config::Config::builder().add_source(File::from_str(file, FileFormat::Toml));
        for name in IN_ENVIRONMENT {
            let given = environment.get(&name.to_uppercase()).cloned();
            sources = sources.set_override_option(name, given)?;
        }
        for name in OBJECTS_IN_ENVIRONMENT {
            let given = environment.get(&format!("OBJECTS_{}", name.to_uppercase()));
            sources = sources.set_override_option(format!("objects.{name}"), given.cloned())?;
        }
        let merged = sources.build().map_err(explain)?;
        merged.try_deserialize().map_err(explain)
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?.trim().to_owned();
    Ok((!text.is_empty()).then_some(text))
}

fn above_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match u64::deserialize(from) {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(D::Error::custom("must be a whole number above 0")),
    }
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(from) {
        Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(Some(days)),
        _ => Err(D::Error::custom(format!(
            "must be a whole number of days from 1 to {MOST_DAYS}"
        ))),
    }
}

/// Says which setting, and where to read on. Nothing that stands in the file or the environment is shown: it may
/// be a secret.
fn explain(error: ConfigError) -> Error {
    const READ_ON: &str = "docs/operations.md lists all settings and what they may be";
    match error {
        ConfigError::FileParse { cause, .. } => {
            let place = cause.to_string();
            let place = place.lines().next().unwrap_or_default();
            anyhow!("portal.toml: not in the form `name = value`: {place}; mend that line")
        }
        ConfigError::At {
            error,
            key: Some(key),
            ..
        } => anyhow!("portal.toml: {key}: {}; {READ_ON}", plain(&error)),
        other => anyhow!("portal.toml: {}; {READ_ON}", plain(&other)),
    }
}

fn plain(error: &ConfigError) -> String {
    let text = match error {
        ConfigError::At { error, .. } => return plain(error),
        ConfigError::Type {
            key: Some(key),
            expected,
            ..
        } => format!("{key}: must be {expected}"),
        other => other.to_string(),
    };
    // The libraries quote what they have found before they say what they expected.
    match text.rsplit_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => {
            let table = expected.starts_with("struct ") || expected == "a map";
            format!("must be {}", if table { "a table" } else { expected })
        }
        _ => text.replacen("unknown field", "there is no such setting as", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn refusal(file: &str) -> String {
        let read = Settings::read(file, &BTreeMap::new());
        format!("{:#}", read.err().expect("is refused"))
    }

    fn names(value: &Value) -> Vec<&str> {
        let object = value.as_object().expect("an object");
        object.keys().map(String::as_str).collect()
    }

    /// The names in the first column of a page's tables.
    fn documented(page: &str) -> Vec<&str> {
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let cells = rows.filter_map(|row| row.split_once(" |").map(|it| it.0));
        cells
            .flat_map(|cell| cell.split(", "))
            .map(|name| name.trim_matches('`'))
            .collect()
    }

    #[test]
    fn the_environment_may_give_what_is_no_table() {
        let all = serde_json::to_value(Settings::default()).expect("JSON");
        let mut expected: Vec<&str> = [
            &IN_ENVIRONMENT[..],
            &["limits", "quotas", "regions", "retention"],
        ]
        .concat();
        expected.sort_unstable();
        let mut found = names(&all);
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_setting_is_in_both_tables() {
        let limits = serde_json::to_value(LimitSettings::default()).expect("JSON");
        let quotas = serde_json::to_value(QuotaSettings::default()).expect("JSON");
        let region = serde_json::to_value(RegionTexts::default()).expect("JSON");
        let retention = serde_json::to_value(RetentionSettings::default()).expect("JSON");
        let mut all: Vec<String> = IN_ENVIRONMENT.map(str::to_uppercase).to_vec();
        all.extend(names(&limits).into_iter().map(|it| format!("limits.{it}")));
        all.extend(names(&quotas).into_iter().map(|it| format!("quotas.{it}")));
        all.extend(
            names(&retention)
                .into_iter()
                .map(|it| format!("retention.{it}")),
        );
        all.extend(
            names(&region)
                .into_iter()
                .map(|it| format!("regions.CODE.{it}")),
        );
        for page in [
            include_str!("../../../README.md"),
            include_str!("../../../docs/operations.md"),
        ] {
            let documented = documented(page);
            let missing: Vec<_> = all
                .iter()
                .filter(|name| !documented.contains(&name.as_str()))
                .collect();
            assert!(missing.is_empty(), "{missing:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_setting() {
        for (file, words) in [
            ("runtime = [1]", ["runtime", "a string"]),
            ("limits = 1", ["limits", "docs/operations.md"]),
            (
                "limits.package_files = 0",
                ["limits.package_files", "above 0"],
            ),
            (
                "retention.events_days = 0",
                ["retention.events_days", "from 1 to 36500"],
            ),
            (
                "retention.operations_days = 40000",
                ["retention.operations_days", "from 1 to 36500"],
            ),
            ("retention.colour = 1", ["colour", "no such setting"]),
            ("limits.colour = 1", ["colour", "no such setting"]),
            ("objects.colour = 1", ["colour", "no such setting"]),
            ("regions.uk-london.colour = \"x\"", ["colour", "postgres"]),
            (
                "regions.uk-london = 1",
                ["regions.uk-london", "docs/operations.md"],
            ),
        ] {
            let refusal = refusal(file);
            assert!(words.iter().all(|word| refusal.contains(word)), "{refusal}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_not_shown() {
        let refusal = refusal("runtime = \"sample\"\nportal_sealing_key = 5e7c9e");
        assert!(refusal.contains("line 2"), "{refusal}");
        assert!(!refusal.contains("5e7c9e"), "{refusal}");
    }

    #[test]
    fn what_has_the_wrong_form_is_named_and_not_shown() {
        for (file, setting) in [
            (
                "regions.uk-london = \"postgres://admin:5e7c9e@db\"",
                "regions.uk-london",
            ),
            ("regions = \"5e7c9e\"", "regions"),
            ("objects = \"s3://key:5e7c9e@bucket\"", "objects"),
            ("objects.secret_access_key = [\"5e7c9e\"]", "objects"),
            ("limits = \"5e7c9e\"", "limits"),
            ("limits.package_files = \"5e7c9e\"", "limits.package_files"),
        ] {
            let refusal = refusal(file);
            assert!(refusal.contains(setting), "{refusal}");
            assert!(!refusal.contains("5e7c9e"), "{refusal}");
        }
    }

    #[test]
    fn an_empty_text_in_the_environment_hides_the_file_s() {
        let environment = BTreeMap::from([("RUNTIME".to_owned(), "  ".to_owned())]);
        let settings = Settings::read("runtime = \"mendix\"\nportal_addr = \" x \"", &environment);
        let settings = settings.expect("is read");
        assert_eq!(settings.runtime, None);
        assert_eq!(settings.portal_addr.as_deref(), Some("x"));
    }
}
