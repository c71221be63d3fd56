//! Regions that have a database server or a place for files of their own.

use super::settings::RegionTexts;
use anyhow::{Context, Result};
use domain::regions::{REGIONS, RegionCode};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;

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

/// Takes the tables `[regions.CODE]`.
pub fn read_regions(
    tables: BTreeMap<String, RegionTexts>,
) -> Result<BTreeMap<RegionCode, RegionSettings>> {
    let regions = tables.into_iter().map(|(code, texts)| {
        let region = RegionCode::parse(&code).with_context(|| {
            let known: Vec<&str> = REGIONS.iter().map(|region| region.code.as_str()).collect();
            format!(
                "portal.toml: regions.{code}: the regions are {}",
                known.join(", ")
            )
        })?;
        let settings = RegionSettings {
            postgres: texts.postgres.map(SecretString::from),
            buckets: texts.buckets.map(PathBuf::from),
            runtime: texts.runtime,
        };
        Ok((region, settings))
    });
    regions.collect()
}
