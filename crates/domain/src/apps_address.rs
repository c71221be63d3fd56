//! Where apps are found in browsers.

use serde::{Deserialize, Serialize};

/// The address that the addresses of all apps are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppsAddress {
    /// Whether browsers use TLS.
    pub secure: bool,
    /// The domain under which apps have their host names.
    pub domain: String,
    /// The port that browsers use.
    pub port: u16,
}

impl AppsAddress {
    /// The host name of a label: `shop-test.apps.localhost`.
    pub fn host(&self, label: &str) -> String {
        format!("{label}.{}", self.domain)
    }

    /// The address without a label, which no app has: `http://apps.localhost:8080`.
    pub fn root(&self) -> String {
        self.at(&self.domain)
    }

    /// The address of a label: `http://shop-test.apps.localhost:8080`, or `https://shop-test.apps.example.com`.
    pub fn url(&self, label: &str) -> String {
        self.at(&self.host(label))
    }

    fn at(&self, host: &str) -> String {
        let (scheme, own_port) = if self.secure {
            ("https", 443)
        } else {
            ("http", 80)
        };
        if self.port == own_port {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AppsAddress;

    #[test]
    fn a_port_is_named_unless_it_is_the_schemes_own() {
        for (secure, port, url) in [
            (false, 8080, "http://shop.apps.test:8080"),
            (false, 80, "http://shop.apps.test"),
            (false, 443, "http://shop.apps.test:443"),
            (true, 443, "https://shop.apps.test"),
            (true, 8443, "https://shop.apps.test:8443"),
        ] {
            let domain = "apps.test".to_owned();
            let address = AppsAddress {
                secure,
                domain,
                port,
            };
            assert_eq!(address.url("shop"), url);
        }
    }
}
