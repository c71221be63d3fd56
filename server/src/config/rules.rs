//! What each setting may be. Every message names the setting, the rule and the remedy.

use anyhow::{Context, Result, bail};
use domain::apps_address::AppsAddress;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// An address to listen on.
pub fn address(name: &str, given: Option<String>, default: &str) -> Result<SocketAddr> {
    let text = given.unwrap_or_else(|| default.to_owned());
    text.parse().with_context(|| {
        format!("{name}: `{text}` is not host:port with a numeric host; give one such as {default}")
    })
}

/// The address of an issuer.
pub fn issuer(text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    url.with_context(|| format!("MXID_ISSUER: `{text}` is no web address; give the issuer exactly as it names itself, such as https://id.example.com"))
}

/// The portal's address, without a slash at the end.
pub fn portal_url(text: &str) -> Result<String> {
    let Ok(url) = Url::parse(text) else {
        bail!(
            "PORTAL_URL: `{text}` is no web address; give scheme and host, such as https://portal.example.com"
        );
    };
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        bail!(
            "PORTAL_URL: `{text}` must be scheme, host and port alone, such as https://portal.example.com"
        );
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        bail!(
            "PORTAL_URL: `{text}` must start with https://, since browsers keep the session cookie only there; plain http:// works for localhost alone"
        );
    }
    Ok(url.origin().ascii_serialization())
}

/// The public address of apps, without their own labels.
pub fn apps_url(text: &str) -> Result<AppsAddress> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        bail!(
            "APPS_URL: `{text}` is no web address; give scheme and domain, such as https://apps.example.com"
        );
    };
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        bail!(
            "APPS_URL: `{text}` must be scheme, domain and port alone, such as https://apps.example.com"
        );
    }
    let Some(Host::Domain(name)) = url.host() else {
        bail!(
            "APPS_URL: `{text}` names no domain, under which apps could have their names; give one such as https://apps.example.com"
        );
    };
    Ok(AppsAddress {
        secure: url.scheme() == "https",
        domain: domain(name)?,
        port: url.port_or_known_default().unwrap_or_default(),
    })
}

/// A domain in lower case.
pub fn domain(text: &str) -> Result<String> {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !text.split('.').all(label) {
        bail!(
            "APPS_DOMAIN: `{text}` is no domain; give lower-case labels joined by dots, such as apps.example.com"
        );
    }
    Ok(text.to_owned())
}

/// An address of PostgreSQL.
pub fn database_url(text: String) -> Result<SecretString> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        bail!("DATABASE_URL: must start with postgres://; unset it to use the private cluster");
    }
    Ok(SecretString::from(text))
}

/// A path from the root.
pub fn absolute(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    std::path::absolute(path).with_context(|| format!("finding the folder {}", path.display()))
}
