//! Regions that have a database server or a place for files of their own.

use anyhow::{Context, Result, bail};
use domain::regions::{REGIONS, RegionCode};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};

/// What is set for one region; the portal's own server and folder stand in for what is absent.
#[derive(Debug, Clone, Default)]
pub struct RegionSettings {
    /// Address of the database server, for the role that may create roles and databases.
    pub postgres: Option<SecretString>,
    /// The folder of the buckets.
    pub buckets: Option<PathBuf>,
    /// The runtime entry of the engine.
    pub runtime: Option<String>,
}

/// Reads the tables `[regions.CODE]`.
pub fn read_regions(table: Table) -> Result<BTreeMap<RegionCode, RegionSettings>> {
    table
        .into_iter()
        .map(|(code, settings)| read_region(&code, settings))
        .collect()
}

fn read_region(code: &str, settings: Value) -> Result<(RegionCode, RegionSettings)> {
    let region = RegionCode::parse(code).with_context(|| {
        let known: Vec<&str> = REGIONS.iter().map(|region| region.code.as_str()).collect();
        format!(
            "portal.toml: regions.{code}: the regions are {}",
            known.join(", ")
        )
    })?;
    let Value::Table(settings) = settings else {
        bail!("portal.toml: regions.{code} must be a table, written [regions.{code}]");
    };
    let mut read = RegionSettings::default();
    for (name, value) in settings {
        let Value::String(text) = value else {
            bail!("portal.toml: regions.{code}.{name} must be text in quotes");
        };
        match name.as_str() {
            "postgres" => read.postgres = Some(SecretString::from(text)),
            "buckets" => read.buckets = Some(PathBuf::from(text)),
            "runtime" => read.runtime = Some(text),
            _ => bail!(
                "portal.toml: there is no such setting as regions.{code}.{name}; there are postgres, buckets, runtime"
            ),
        }
    }
    Ok((region, read))
}
