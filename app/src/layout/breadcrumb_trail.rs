//! The breadcrumb trail of an address: which places lie on the way to its page.

use crate::paths;
use views::apps::AppSummary;

/// A place on the way to the page; the last one is the page itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// Its name.
    pub label: String,
    /// Its address, unless it is the page itself.
    pub href: Option<String>,
}

/// The subdomain of the app that a path belongs to.
pub fn app_of(path: &str) -> Option<&str> {
    let mut parts = path.trim_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("apps"), Some(app)) if app != "new" && !app.is_empty() => Some(app),
        _ => None,
    }
}

/// The way to a page. Names come from `apps`; what is not there is called by its address.
pub fn breadcrumb_trail(path: &str, apps: &[AppSummary]) -> Vec<Crumb> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let to = |label: &str, href: String| Crumb {
        label: label.to_owned(),
        href: Some(href),
    };
    let mut trail = match parts.as_slice() {
        ["apps", ..] => vec![to("Apps", paths::apps())],
        ["operations", ..] => vec![to("Operations", paths::operations())],
        ["rights"] => vec![to("Who may do what", String::new())],
        ["operator"] => vec![to("Operator", String::new())],
        _ => return Vec::new(),
    };
    match parts.as_slice() {
        ["apps", "new"] => trail.push(to("Create", String::new())),
        ["operations", _] => trail.push(to("Operation", String::new())),
        ["apps", app, rest @ ..] => {
            let known = apps.iter().find(|known| known.subdomain == *app);
            let name = known.map_or(*app, |known| known.name.as_str());
            trail.push(to(name, paths::app(app)));
            match rest {
                ["settings"] => trail.push(to("Settings", String::new())),
                ["packages", package @ ..] => {
                    trail.push(to("Packages", paths::packages(app)));
                    trail.extend(package.first().map(|_| to("Package", String::new())));
                }
                ["environments", slug, page @ ..] => {
                    let known = known
                        .and_then(|app| app.environments.iter().find(|each| each.slug == *slug));
                    let name = known.map_or_else(|| capitalised(slug), |known| known.name.clone());
                    trail.push(to(&name, paths::environment(app, slug)));
                    trail.extend(
                        page.first()
                            .map(|page| to(&capitalised(page), String::new())),
                    );
                }
                _ => {}
            }
        }
        _ => {}
    }
    if let Some(page) = trail.last_mut() {
        page.href = None;
    }
    trail
}

/// Text that begins with a capital letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(path: &str) -> String {
        let shop = AppSummary {
            id: "00000000-0000-0000-0000-000000000001"
                .parse()
                .expect("an id"),
            name: "Shop".to_owned(),
            subdomain: "shop-1".to_owned(),
            region: Ok(crate::apps::region::tests::frankfurt()),
            environments: Vec::new(),
        };
        let trail = breadcrumb_trail(path, &[shop]);
        let words: Vec<String> = trail
            .into_iter()
            .map(|crumb| match crumb.href {
                Some(href) => format!("{}({href})", crumb.label),
                None => crumb.label,
            })
            .collect();
        words.join(" / ")
    }

    #[test]
    fn the_way_to_each_page() {
        assert_eq!(labels("/"), "");
        assert_eq!(labels("/apps"), "Apps");
        assert_eq!(labels("/apps/new"), "Apps(/apps) / Create");
        assert_eq!(labels("/apps/shop-1"), "Apps(/apps) / Shop");
        assert_eq!(
            labels("/apps/other/settings"),
            "Apps(/apps) / other(/apps/other) / Settings"
        );
        assert_eq!(
            labels("/apps/shop-1/packages/6f"),
            "Apps(/apps) / Shop(/apps/shop-1) / Packages(/apps/shop-1/packages) / Package"
        );
        assert_eq!(
            labels("/apps/shop-1/environments/test"),
            "Apps(/apps) / Shop(/apps/shop-1) / Test"
        );
        assert_eq!(
            labels("/apps/shop-1/environments/test/deploy"),
            "Apps(/apps) / Shop(/apps/shop-1) / Test(/apps/shop-1/environments/test) / Deploy"
        );
        assert_eq!(labels("/rights"), "Who may do what");
        assert_eq!(
            labels("/operations/0c"),
            "Operations(/operations) / Operation"
        );
    }

    #[test]
    fn the_app_of_a_page() {
        assert_eq!(app_of("/apps/shop/packages"), Some("shop"));
        assert_eq!(app_of("/apps/new"), None);
        assert_eq!(app_of("/apps/"), None);
        assert_eq!(app_of("/operations/shop"), None);
    }
}
