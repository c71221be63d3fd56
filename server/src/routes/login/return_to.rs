//! The page to go to after signing in: a path of the portal, never another site.

use crate::web::local_path;
use serde::{Deserialize, Serialize};

const LONGEST: usize = 1024;
const NO_PAGES: [&str; 5] = ["/login", "/logout", "/api/", "/events", "/mxid"];

/// A local path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The path, or the start page for anything that is not a path of the portal's pages.
    pub fn parse(text: &str) -> Self {
        Self::local(text).unwrap_or_default()
    }

    fn local(text: &str) -> Option<Self> {
        let short = Some(text).filter(|text| text.len() <= LONGEST)?;
        let path = local_path::parse(short)?;
        let is_a_page =
            path.len() <= LONGEST && !NO_PAGES.iter().any(|other| path.starts_with(other));
        is_a_page.then_some(Self(path))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The start page.
impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".to_owned())
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
            ("/.//evil.example", "/"),
            ("/apps/..//evil.example", "/"),
            ("/%2e//evil.example", "/"),
            ("/.\\/evil.example", "/"),
            ("/apps//shop", "/apps//shop"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/login?return_to=/apps", "/"),
            ("/./login", "/"),
            ("/api/fn/x", "/"),
            ("/./login", "/"),
            ("/x/../logout", "/"),
            ("/.//evil.example", "/"),
            ("/x/..//evil.example", "/"),
            ("/%2e//evil.example", "/"),
            ("/./\\evil.example", "/"),
            ("/mxid/sign-in?request=x", "/"),
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
