//! The page to go to after signing in: a path of the portal, never another site.

use serde::{Deserialize, Serialize};
use url::Url;

const LONGEST: usize = 1024;
const NO_PAGES: [&str; 4] = ["/login", "/logout", "/api/", "/events"];

/// A local path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The path, or the start page for anything that is not a path of the portal's pages.
    pub fn parse(text: &str) -> Self {
        let local = text.starts_with('/')
            && text.len() <= LONGEST
            && !NO_PAGES.iter().any(|path| text.starts_with(path));
        // Browsers read an address as the URL standard does, so that is asked rather than the text alone.
        let origin = "http://portal.invalid";
        let resolved = Url::parse(origin).and_then(|base| base.join(text)).ok();
        match resolved.filter(|url| local && url.origin().ascii_serialization() == origin) {
            Some(url) => Self(url[url::Position::BeforePath..].to_owned()),
            None => Self("/".to_owned()),
        }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_portal() {
        for (text, expected) in [
            ("/apps/shop?tab=1#x", "/apps/shop?tab=1#x"),
            ("/", "/"),
            ("", "/"),
            ("apps", "/"),
            ("//evil.example/x", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/login?return_to=/apps", "/"),
            ("/api/fn/x", "/"),
            ("/apps\r\nSet-Cookie: a=b", "/appsSet-Cookie:%20a=b"),
        ] {
            assert_eq!(ReturnTo::parse(text).as_str(), expected, "{text:?}");
        }
        assert_eq!(
            ReturnTo::parse(&format!("/{}", "a".repeat(2000))).as_str(),
            "/"
        );
    }
}
