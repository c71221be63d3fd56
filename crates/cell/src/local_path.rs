//! Addresses of what a workload is made of, as paths on this machine: the only ones this engine follows.

use std::path::PathBuf;
use url::Url;

/// An address that this engine cannot follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLocal {
    /// Of another kind than it knows.
    #[error("{scheme}: addresses cannot be read by this engine; it takes file:///… only")]
    Scheme {
        /// The kind that was given.
        scheme: String,
    },
    /// A `file:` address that names another machine, or no path.
    #[error("{url} is no path on this machine; file:///… is expected")]
    Elsewhere {
        /// What was given.
        url: Url,
    },
}

/// The path that an address leads to.
pub fn of(url: &Url) -> Result<PathBuf, NotLocal> {
    if url.scheme() != "file" {
        return Err(NotLocal::Scheme {
            scheme: url.scheme().to_owned(),
        });
    }
    url.to_file_path()
        .map_err(|()| NotLocal::Elsewhere { url: url.clone() })
}

#[cfg(test)]
mod tests {
    use super::of;
    use std::path::PathBuf;

    #[test]
    fn only_paths_of_this_machine_are_taken() {
        let path = |text: &str| of(&text.parse().expect("an address"));
        assert_eq!(path("file:///a%20b.mda"), Ok(PathBuf::from("/a b.mda")));
        let error = path("https://example.org/a.mda").expect_err("refused");
        assert!(error.to_string().contains("file:///"), "{error}");
        assert!(path("file://another.example/a.mda").is_err());
    }
}
