//! The settings of the object store: a folder unless a bucket is named.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// The table `[objects]` as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectSettings {
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`; the folder `objects` of the data folder when absent.
    pub url: Option<String>,
    /// The address of the S3 server; Amazon's when absent.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Who asks.
    pub access_key_id: Option<String>,
    /// And the secret that goes with it.
    pub secret_access_key: Option<SecretString>,
    /// Whether the bucket is named in the path of an address, not in its host name.
    pub path_style: Option<bool>,
}

/// A bucket on an S3 server, and how it is reached.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with; may be empty.
    pub prefix: String,
    /// The server; Amazon's when absent.
    pub endpoint: Option<Url>,
    /// The server's region.
    pub region: String,
    /// Who asks.
    pub access_key_id: String,
    /// And the secret that goes with it.
    pub secret_access_key: SecretString,
    /// Whether the bucket is named in the path of an address, not in its host name.
    pub path_style: bool,
}

/// A setting that cannot be used; the text names setting, rule and remedy.
#[derive(Debug, thiserror::Error)]
#[error("objects.{0}")]
pub struct RefusedSetting(String);

const USUAL_REGION: &str = "us-east-1";

impl ObjectSettings {
    /// The bucket that is named; none when objects lie in the folder.
    pub fn bucket(&self) -> Result<Option<Bucket>, RefusedSetting> {
        let Some(text) = given(self.url.as_ref()) else {
            let others = [&self.endpoint, &self.region, &self.access_key_id];
            if others.iter().any(|it| it.is_some()) || self.secret_access_key.is_some() {
                return refuse(
                    "url: missing; name the bucket as s3://BUCKET/PREFIX, or remove the other settings of objects to keep them in the data folder",
                );
            }
            return Ok(None);
        };
        let (name, prefix) = parse_url(text)?;
        let endpoint = given(self.endpoint.as_ref())
            .map(parse_endpoint)
            .transpose()?;
        let (Some(access_key_id), Some(secret_access_key)) = (
            given(self.access_key_id.as_ref()),
            self.secret_access_key.clone(),
        ) else {
            return refuse(
                "access_key_id, secret_access_key: missing; with objects.url set, give the key that may read, write, list and delete in the bucket",
            );
        };
        Ok(Some(Bucket {
            name,
            prefix,
            path_style: self.path_style.unwrap_or(endpoint.is_some()),
            endpoint,
            region: given(self.region.as_ref())
                .unwrap_or(USUAL_REGION)
                .to_owned(),
            access_key_id: access_key_id.to_owned(),
            secret_access_key,
        }))
    }
}

impl Bucket {
    /// What an operator is told of it: `s3://bucket/prefix`.
    pub(super) fn url(&self) -> String {
        match self.prefix.as_str() {
            "" => format!("s3://{}", self.name),
            prefix => format!("s3://{}/{prefix}", self.name),
        }
    }
}

fn given(setting: Option<&String>) -> Option<&str> {
    setting
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

fn refuse<T>(why: impl Into<String>) -> Result<T, RefusedSetting> {
    Err(RefusedSetting(why.into()))
}

fn parse_url(text: &str) -> Result<(String, String), RefusedSetting> {
    let url = Url::parse(text).ok().filter(|url| {
        url.scheme() == "s3"
            && url.username().is_empty()
            && url.password().is_none()
            && url.port().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    let plain = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
            && !part.split('/').any(|name| name == "." || name == "..")
    };
    let found = url.as_ref().and_then(|url| {
        let prefix = url.path().trim_matches('/').to_owned();
        Some((url.host_str()?.to_owned(), prefix))
    });
    match found.filter(|(name, prefix)| plain(name) && plain(prefix)) {
        Some(found) => Ok(found),
        // The text may hold a key where somebody took it for another kind of address.
        None => refuse(
            "url: is no address of a bucket; give s3://BUCKET or s3://BUCKET/PREFIX of letters, digits, dots and dashes, and the key in objects.access_key_id and objects.secret_access_key",
        ),
    }
}

fn parse_endpoint(text: &str) -> Result<Url, RefusedSetting> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
    });
    match url {
        Some(url) => Ok(url),
        None => refuse(
            "endpoint: is no address of a server; give scheme, host and port alone, such as https://s3.example.com:9000",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> ObjectSettings {
        ObjectSettings {
            url: Some(url.to_owned()),
            access_key_id: Some("portal".to_owned()),
            secret_access_key: Some("not to be seen".into()),
            ..ObjectSettings::default()
        }
    }

    #[test]
    fn nothing_set_is_the_folder() {
        assert!(
            ObjectSettings::default()
                .bucket()
                .expect("is read")
                .is_none()
        );
    }

    #[test]
    fn a_bucket_is_read_and_its_secret_is_not_shown() {
        let given = ObjectSettings {
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            ..settings("s3://portal-objects/acme/prod/")
        };
        let bucket = given.bucket().expect("is read").expect("a bucket");
        assert_eq!(
            (bucket.name.as_str(), bucket.prefix.as_str()),
            ("portal-objects", "acme/prod")
        );
        assert!(bucket.path_style, "other servers have no name per bucket");
        assert_eq!(bucket.url(), "s3://portal-objects/acme/prod");
        assert!(!format!("{bucket:?}{given:?}").contains("not to be seen"));
        let amazon = settings("s3://portal-objects").bucket().expect("is read");
        assert!(!amazon.expect("a bucket").path_style);
    }

    #[test]
    fn a_refusal_names_setting_and_remedy() {
        let without_key = ObjectSettings {
            access_key_id: None,
            ..settings("s3://portal")
        };
        let without_url = ObjectSettings {
            url: None,
            ..settings("")
        };
        let endpoint = ObjectSettings {
            endpoint: Some("s3.example.com".to_owned()),
            ..settings("s3://portal")
        };
        for (given, words) in [
            (settings("/srv/objects"), ["objects.url", "s3://BUCKET"]),
            (
                settings("s3://portal/../x y"),
                ["objects.url", "s3://BUCKET"],
            ),
            (
                settings("s3://key:pass@portal"),
                ["objects.url", "objects.access_key_id"],
            ),
            (without_key, ["objects.access_key_id", "objects.url"]),
            (without_url, ["objects.url", "missing"]),
            (endpoint, ["objects.endpoint", "https://"]),
        ] {
            let refusal = given.bucket().expect_err("is refused").to_string();
            assert!(words.iter().all(|word| refusal.contains(word)), "{refusal}");
            assert!(!refusal.contains("pass@"), "{refusal}");
        }
    }
}
