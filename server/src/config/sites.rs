//! Apps and the portal must not share cookies: what an app serves is not the portal's.

use anyhow::{Result, bail};
use url::Url;

/// Refuses a domain of apps that the portal's host lies under, or that lies under it; a warning where browsers take
/// both for one site. On this machine alone, nothing is asked.
pub fn check(portal_url: &str, apps_domain: &str) -> Result<Option<String>> {
    let portal = Url::parse(portal_url).ok();
    let Some(portal) = portal.as_ref().and_then(Url::domain) else {
        return Ok(None);
    };
    if is_below(portal, "localhost") {
        return Ok(None);
    }
    if is_below(apps_domain, portal) || is_below(portal, apps_domain) {
        bail!(
            "APPS_DOMAIN: `{apps_domain}` and the portal's host `{portal}` lie one under the other, so that apps could set cookies for the portal or take its name; give apps another domain, such as apps-example.com"
        );
    }
    let site = psl::domain_str(portal);
    Ok(site.filter(|site| psl::domain_str(apps_domain) == Some(*site)).map(|site| {
        format!(
            "APPS_DOMAIN: `{apps_domain}` and the portal's host `{portal}` are one site, {site}, to browsers: apps may send requests to the portal with its visitors' cookies and set cookies for all of {site}; give apps another registrable domain"
        )
    }))
}

fn is_below(name: &str, domain: &str) -> bool {
    let rest = name.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn one_under_the_other_is_refused_and_one_site_warned_of() {
        for (portal, apps) in [
            ("https://portal.example.com", "portal.example.com"),
            ("https://portal.example.com", "apps.portal.example.com"),
            ("https://portal.example.com", "example.com"),
            ("https://portal.apps.example.com:8443", "apps.example.com"),
        ] {
            let refusal = check(portal, apps).expect_err("is refused").to_string();
            assert!(refusal.starts_with("APPS_DOMAIN: "), "{refusal}");
        }
        for (portal, apps, warned) in [
            ("https://portal.example.com", "apps.example.com", true),
            ("https://portal.example.co.uk", "apps.example.co.uk", true),
            ("https://portal.example.co.uk", "apps.other.co.uk", false),
            (
                "https://portal.example.com",
                "myportal.example-apps.com",
                false,
            ),
            ("https://portal.example.com", "apps.localhost", false),
            ("http://localhost:3000", "apps.localhost", false),
            ("http://127.0.0.1:3000", "apps.example.com", false),
        ] {
            let warning = check(portal, apps).expect("is allowed");
            assert_eq!(warning.is_some(), warned, "{portal} {apps}");
        }
    }
}
