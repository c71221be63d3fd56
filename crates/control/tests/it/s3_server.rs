//! An S3 server on loopback that verifies signatures and keeps its buckets in a folder.

use control::objects::settings::{Bucket, ObjectSettings};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

const NAME: &str = "portal-objects";
const PREFIX: &str = "acme";

pub struct S3Server {
    folder: TempDir,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl S3Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        Self::on(listener.expect("a free port"))
    }

    pub fn on(listener: TcpListener) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(NAME)).expect("a bucket");
        let files = FileSystem::new(folder.path()).expect("opens");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single("portal", "only for tests"));
        let service = service.build();
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            // They end with the server.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("accepts");
                let service = service.clone();
                connections.spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    // A client that goes away is no error.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            folder,
            address,
            serving,
        }
    }

    pub fn bucket(&self) -> Bucket {
        bucket(self.address, "only for tests")
    }

    /// The file of an object or, without a name, the folder of a kind.
    pub fn file(&self, kind: &str, name: &str) -> PathBuf {
        let bucket = self.folder.path().join(NAME);
        bucket.join(PREFIX).join(kind).join(name)
    }

    /// Every object that the server keeps, and every part of an unfinished upload.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if !is_note(&path) {
                    files.push(path);
                }
            }
        }
        files
    }
}

/// What the server writes down about an object, and keeps when the object is gone.
fn is_note(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(".bucket-") && !name.contains(".upload-")
}

/// The bucket of a server that may not be there.
pub fn bucket(server: SocketAddr, secret: &str) -> Bucket {
    let settings = ObjectSettings {
        url: Some(format!("s3://{NAME}/{PREFIX}")),
        endpoint: Some(format!("http://{server}")),
        access_key_id: Some("portal".to_owned()),
        secret_access_key: Some(secret.into()),
        ..ObjectSettings::default()
    };
    settings.bucket().expect("is read").expect("a bucket")
}
