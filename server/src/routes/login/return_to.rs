//! The page to go to after signing in: a path of the portal, never another site.

use crate::web::local_path;
use serde::{Deserialize, Serialize};

const LONGEST: usize = 1024;
const NO_PAGES: [&str; 4] = ["/login", "/logout", "/api/", "/events"];

/// A local path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The path, or the start page for anything that is not a path of the portal's pages.
    pub fn parse(text: &str) -> Self {
        let short = Some(text).filter(|text| text.len() <= LONGEST);
        let path = short.and_then(local_path::parse);
        let page = path.filter(|path| !NO_PAGES.iter().any(|it| path.starts_with(it)));
        Self(page.unwrap_or_else(|| "/".to_owned()))
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
            ("/./login", "/"),
            ("/x/../logout", "/"),
            ("/.//evil.example", "/"),
            ("/x/..//evil.example", "/"),
            ("/%2e//evil.example", "/"),
            ("/./\\evil.example", "/"),
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
