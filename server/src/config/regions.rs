//! Regions as the settings have them: what is said here comes before a region's row.

use anyhow::{Context, Result, bail};
use control::model::regions::Serving;
use domain::regions::RegionCode;
use secrecy::SecretString;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Reads the tables `[regions.CODE]`.
pub fn read_regions(table: Table) -> Result<BTreeMap<RegionCode, Serving>> {
    table
        .into_iter()
        .map(|(code, settings)| read_region(&code, settings))
        .collect()
}

fn read_region(code: &str, settings: Value) -> Result<(RegionCode, Serving)> {
    let region = RegionCode::parse(code).with_context(|| {
        format!(
            "portal.toml: regions.{code}: a region's code has {}",
            RegionCode::RULE
        )
    })?;
    let Value::Table(settings) = settings else {
        bail!("portal.toml: regions.{code} must be a table, written [regions.{code}]");
    };
    let mut read = Serving::default();
    for (name, value) in settings {
        let Value::String(text) = value else {
            bail!("portal.toml: regions.{code}.{name} must be text in quotes");
        };
        match name.as_str() {
            "engine" => read.engine = Some(text),
            "postgres" => read.postgres = Some(SecretString::from(text)),
            "buckets" => read.buckets = Some(std::path::absolute(text)?),
            "runtime" => read.runtime = Some(text),
            _ => bail!(
                "portal.toml: there is no such setting as regions.{code}.{name}; there are engine, postgres, buckets, runtime"
            ),
        }
    }
    Ok((region, read))
}
