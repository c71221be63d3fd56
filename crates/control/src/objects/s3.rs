//! Objects in a bucket of an S3 server.

use super::http::Connector;
use super::settings::Bucket;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, Result, RetryConfig};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

/// How long one request is tried again, so that a person waits for no server that is away.
const TRY_FOR: Duration = Duration::from_secs(10);
const TRIES: usize = 3;

/// The store; nothing is asked of the server yet.
pub(super) fn open(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.access_key_id)
        .with_secret_access_key(bucket.secret_access_key.expose_secret())
        .with_virtual_hosted_style_request(!bucket.path_style)
        .with_conditional_put(S3ConditionalPut::Disabled)
        .with_http_connector(Connector)
        .with_retry(RetryConfig {
            max_retries: TRIES,
            retry_timeout: TRY_FOR,
            ..RetryConfig::default()
        });
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder
            .with_allow_http(endpoint.scheme() == "http")
            .with_endpoint(address(bucket, endpoint));
    }
    let store = builder.build()?;
    let prefix = Path::parse(&bucket.prefix)?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

/// The server's address as the builder takes it: with the bucket's name where that is part of the host.
fn address(bucket: &Bucket, endpoint: &url::Url) -> String {
    let origin = endpoint.origin().ascii_serialization();
    match origin.split_once("://") {
        Some((scheme, host)) if !bucket.path_style => {
            format!("{scheme}://{}.{host}", bucket.name)
        }
        _ => origin,
    }
}
