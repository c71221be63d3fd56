//! Regions as the settings have them: what is said here comes before a region's row.

use super::settings::RegionTexts;
use anyhow::{Context, Result};
use control::model::regions::Serving;
use domain::regions::RegionCode;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// Takes the tables `[regions.CODE]`.
pub fn read_regions(
    tables: BTreeMap<String, RegionTexts>,
) -> Result<BTreeMap<RegionCode, Serving>> {
    let regions = tables.into_iter().map(|(code, texts)| {
        let region = RegionCode::parse(&code).with_context(|| {
            format!(
                "portal.toml: regions.{code}: a region's code has {}",
                RegionCode::RULE
            )
        })?;
        let serving = Serving {
            engine: texts.engine,
            postgres: texts.postgres.map(SecretString::from),
            buckets: texts.buckets.map(std::path::absolute).transpose()?,
            runtime: texts.runtime,
            ..Serving::default()
        };
        Ok((region, serving))
    });
    regions.collect()
}
