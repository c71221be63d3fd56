//! What the tests stand on: instances that do as told, an ingress, and clients that see every byte.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use cell::ingress::{
    backend::Backend,
    config::IngressConfig,
    route::{Route, Unserved},
    serve,
    table::Table,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream},
    sync::oneshot,
    time::timeout,
};
use uuid::Uuid;

/// Longer than anything here takes.
pub const LIMIT: Duration = Duration::from_secs(20);
pub const HOST: &str = "shop.apps.localhost";

/// One message's head and body as they came over the wire.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub first_line: String,
    pub headers: HashMap<String, Vec<String>>,
    pub body: Vec<u8>,
}

impl Message {
    /// A header's only value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        match self.headers.get(name).map(Vec::as_slice) {
            Some([value]) => value,
            None => "",
            Some(values) => panic!("{name} came {} times: {values:?}", values.len()),
        }
    }

    pub fn status(&self) -> u16 {
        let code = self
            .first_line
            .split(' ')
            .nth(1)
            .expect("a status line has a code");
        code.parse().expect("a status code is a number")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads a head; none when the other side closed before it began.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<Message> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return None,
        }
    }
    let head = String::from_utf8(head).expect("a head is text");
    let mut lines = head.trim_end().split("\r\n");
    let mut message = Message {
        first_line: lines.next().unwrap_or_default().to_owned(),
        ..Message::default()
    };
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header has a colon");
        let values = message
            .headers
            .entry(name.to_ascii_lowercase())
            .or_default();
        values.push(value.trim().to_owned());
    }
    Some(message)
}

/// Reads a message with a body of stated length or in chunks; none when it breaks off.
pub async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Option<Message> {
    let mut message = read_head(stream).await?;
    if message.header("transfer-encoding") == "chunked" {
        while let Some(chunk) = read_chunk(stream).await? {
            message.body.extend(chunk);
        }
    } else if let Ok(length) = message.header("content-length").parse() {
        message.body = vec![0; length];
        stream.read_exact(&mut message.body).await.ok()?;
    }
    Some(message)
}

/// Reads one chunk; the inner none is the last one, the outer a broken connection.
pub async fn read_chunk(stream: &mut (impl AsyncRead + Unpin)) -> Option<Option<Vec<u8>>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&line);
    let length = usize::from_str_radix(text.trim(), 16).expect("a chunk begins with its length");
    let mut chunk = vec![0; length + 2];
    stream.read_exact(&mut chunk).await.ok()?;
    chunk.truncate(length);
    Some((length > 0).then_some(chunk))
}

/// What an instance does with a request, and how the connection goes on.
pub enum Act {
    /// Sends this and takes the next request.
    Answer(String),
    /// Sends this and breaks the connection.
    Break(String),
    /// Hands the connection over.
    Take(Box<dyn FnOnce(UnixStream) + Send>),
}

/// An answer with a body.
pub fn ok(body: &str) -> Act {
    Act::Answer(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// One instance: its backend and what it was asked.
pub struct Instance {
    pub backend: Arc<Backend>,
    seen: Arc<Mutex<Vec<Message>>>,
    connections: Arc<Mutex<usize>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Instance {
    pub fn seen(&self) -> Vec<Message> {
        self.seen
            .lock()
            .expect("no test panics while it holds this")
            .clone()
    }

    pub fn connections(&self) -> usize {
        *self
            .connections
            .lock()
            .expect("no test panics while it holds this")
    }

    /// Ends it as a killed process ends: nobody listens, connections break.
    pub async fn kill(self) {
        self.listening.abort();
        let _ = self.listening.await;
    }
}

/// An ingress with a table and a folder for sockets.
pub struct Stage {
    pub table: Table,
    pub address: SocketAddr,
    pub workload: Uuid,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(IngressConfig {
            patience: Duration::from_millis(300),
            ..IngressConfig::default()
        })
        .await
    }

    pub async fn with(config: IngressConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback can be bound");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let table = Table::new();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, table.clone(), config, async {
            let _ = stopped.await;
        }));
        Self {
            table,
            address,
            workload: Uuid::new_v4(),
            folder: TempDir::new().expect("a temporary folder can be made"),
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    /// Stops the ingress and waits for its end.
    pub async fn close(&mut self) {
        drop(self.stop.take());
        let serving = self.serving.take().expect("the ingress is closed once");
        timeout(LIMIT, serving)
            .await
            .expect("the ingress ends in time")
            .expect("the ingress does not panic")
            .expect("the ingress ends without an error");
    }

    pub fn socket(&self, index: u16) -> PathBuf {
        self.folder.path().join(format!("{index}.sock"))
    }

    /// A backend that nobody stands behind.
    pub fn absent(&self, index: u16) -> Arc<Backend> {
        Arc::new(Backend::new(Uuid::new_v4(), index, self.socket(index)))
    }

    /// An instance that answers as `act` says.
    pub fn instance(
        &self,
        index: u16,
        act: impl Fn(&Message) -> Act + Send + Sync + 'static,
    ) -> Instance {
        let listener = UnixListener::bind(self.socket(index)).expect("a new socket can be bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let act = Arc::new(act);
        let listening = tokio::spawn({
            let (seen, connections) = (Arc::clone(&seen), Arc::clone(&connections));
            async move {
                let mut running = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    *connections.lock().expect("no panic while locked") += 1;
                    running.spawn(converse(stream, Arc::clone(&seen), Arc::clone(&act)));
                }
            }
        });
        Instance {
            backend: self.absent(index),
            seen,
            connections,
            listening,
        }
    }

    /// Makes exactly these backends routable.
    pub fn route(&self, backends: &[&Arc<Backend>]) {
        self.route_as(backends, None, Unserved::Unknown);
    }

    pub fn route_as(
        &self,
        backends: &[&Arc<Backend>],
        debugger: Option<&Arc<Backend>>,
        state: Unserved,
    ) {
        let route = Route {
            title: "Shop <Test>".to_owned(),
            hosts: vec![HOST.to_owned()],
            backends: backends.iter().map(|backend| Arc::clone(backend)).collect(),
            debugger: debugger.cloned(),
            state,
        };
        self.table.set(self.workload, route);
    }

    pub async fn connect(&self) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(self.address)
            .await
            .expect("the ingress listens");
        BufReader::new(stream)
    }

    /// A connection from another address of this machine: `127.0.0.LAST`.
    pub async fn connect_from(&self, last: u8) -> BufReader<TcpStream> {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = SocketAddr::from(([127, 0, 0, last], 0));
        socket.bind(from).expect("loopback has all of 127.0.0.0/8");
        let stream = socket.connect(self.address).await;
        BufReader::new(stream.expect("the ingress listens"))
    }

    /// What is answered to a `GET` from `127.0.0.LAST`; none when the connection is closed without a word.
    pub async fn get_from(&self, last: u8) -> Option<Message> {
        let mut client = self.connect_from(last).await;
        let request = format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
        let _ = client.get_mut().write_all(request.as_bytes()).await;
        timeout(LIMIT, read_message(&mut client))
            .await
            .expect("the answer comes in time")
    }

    /// All that comes back for these bytes until the ingress closes, and whether it closed in peace.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> (String, bool) {
        let mut client = self.connect().await;
        let _ = client.get_mut().write_all(bytes.as_ref()).await;
        let mut all = Vec::new();
        let ended = timeout(LIMIT, client.read_to_end(&mut all))
            .await
            .expect("the connection ends in time");
        (String::from_utf8_lossy(&all).into_owned(), ended.is_ok())
    }

    /// Sends these bytes on a connection of their own and reads one whole answer.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> Message {
        self.try_send(bytes).await.expect("the answer is whole")
    }

    /// Like `send`; none when the answer breaks off.
    pub async fn try_send(&self, bytes: impl AsRef<[u8]>) -> Option<Message> {
        let mut client = self.connect().await;
        send_all(client.get_mut(), bytes).await;
        timeout(LIMIT, read_message(&mut client))
            .await
            .expect("the answer comes in time")
    }

    pub async fn get(&self, path: &str) -> Message {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
            .await
    }

    pub async fn post(&self, path: &str, body: &str) -> Message {
        let length = body.len();
        self.send(format!(
            "POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

pub async fn send_all(stream: &mut (impl AsyncWrite + Unpin), bytes: impl AsRef<[u8]>) {
    stream
        .write_all(bytes.as_ref())
        .await
        .expect("the other side takes what is sent");
}

async fn converse(
    mut stream: UnixStream,
    seen: Arc<Mutex<Vec<Message>>>,
    act: Arc<impl Fn(&Message) -> Act>,
) {
    while let Some(message) = read_message(&mut stream).await {
        seen.lock()
            .expect("no panic while locked")
            .push(message.clone());
        match act(&message) {
            Act::Answer(bytes) => {
                if stream.write_all(bytes.as_bytes()).await.is_err() {
                    return;
                }
            }
            Act::Break(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Act::Take(take) => return take(stream),
        }
    }
}

/// Waits until `condition` holds.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    assert!(
        timeout(LIMIT, holds).await.is_ok(),
        "{what} did not come true"
    );
}
