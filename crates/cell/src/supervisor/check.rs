//! Whether a wanted state can be taken on at all.

use super::refusal::Refusal;
use crate::config::Runtime;
use crate::local_path;
use engine::workload::Workload;
use std::collections::BTreeMap;

/// Refuses what cannot work with these runtimes, whatever happens later.
pub fn workload(workload: &Workload, runtimes: &BTreeMap<String, Runtime>) -> Result<(), Refusal> {
    let Some(template) = &workload.template else {
        return Ok(());
    };
    if !runtimes.contains_key(&template.runtime) {
        let known: Vec<&str> = runtimes.keys().map(String::as_str).collect();
        return Err(Refusal::invalid(format!(
            "runtime: \"{}\" is not configured; there is {}",
            template.runtime,
            known.join(", ")
        )));
    }
    let sha256 = &template.package.sha256;
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::invalid(
            "package.sha256: 64 hexadecimal digits are expected",
        ));
    }
    for (field, url) in [
        ("package.url", &template.package.url),
        ("bucket.url", &template.bucket.url),
    ] {
        local_path::of(url).map_err(|error| Refusal::invalid(format!("{field}: {error}")))?;
    }
    if template.memory_mib < 16 || template.pids < 8 || template.cpu_milli < 10 {
        return Err(Refusal::invalid(
            "memory_mib, pids, cpu_milli: at least 16 MiB, 8 processes and 10 thousandths of a core are needed",
        ));
    }
    Ok(())
}
