//! Paths of the portal's own pages, told from addresses that lead elsewhere.
//!
//! Browsers read an address as the URL standard does, so that is asked rather than the text: `/\host`, `/.//host` and
//! a line end between two slashes all name another host, at once or after they have been written down normalised.

use url::{Position, Url};

/// A path with its query, normalised; none for anything that a browser could take for another site.
pub fn parse(text: &str) -> Option<String> {
    // The standard takes tabs and line ends out before it reads anything.
    let text = text.replace(['\t', '\r', '\n'], "");
    let second = text.strip_prefix('/')?;
    if second.starts_with(['/', '\\']) {
        return None;
    }
    let base = Url::parse("http://portal.invalid").ok()?;
    let url = base.join(&text).ok()?;
    let stays = url.origin() == base.origin() && !url.path().starts_with("//");
    stays.then(|| url[Position::BeforePath..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_leads_elsewhere_is_no_path() {
        for text in [
            "",
            "apps",
            "//evil.example",
            "///evil.example",
            "////evil.example/..",
            "/\\evil.example",
            "/\\/evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\r\n/evil.example",
            "\t//evil.example",
            "/.//evil.example",
            "/./\\evil.example",
            "/x/..//evil.example",
            "/x/../\\evil.example",
            "/%2e//evil.example",
            "/%2E%2e//evil.example",
            "/x/%2e%2e//evil.example",
            "//evil.example:80@portal.invalid",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "?x",
            "#x",
            " /apps",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn paths_stay_what_they_are() {
        for (text, path) in [
            ("/", "/"),
            ("/apps/shop?tab=1#x", "/apps/shop?tab=1#x"),
            ("/apps//shop", "/apps//shop"),
            ("/apps?to=//evil.example", "/apps?to=//evil.example"),
            ("/%2F/evil.example", "/%2F/evil.example"),
            ("/@evil.example", "/@evil.example"),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(path), "{text:?}");
        }
    }
}
