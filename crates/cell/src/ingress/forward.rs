//! What happens to one request: choose a backend, pass the request on, and where that fails and may be
//! repeated, choose another.

use std::{io, sync::atomic::Ordering, time::Duration};

use http::{
    Method, Request, Response, StatusCode, Uri, Version, header::TRANSFER_ENCODING,
    uri::PathAndQuery,
};
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::ingress::{
    IngressConfig, Table, Unserved,
    answer::{AnswerBody, StreamingBody},
    backend::InFlight,
    connection::Peer,
    headers,
    host::{self, Host},
    link::{Link, RequestBody},
    pages::{self, Form, Refusal},
    table::Choice,
    tunnel::{self, Tunnel},
};

/// The largest answer that is held whole before it is passed on, so that it can still be asked for again.
const HELD_WHOLE: u64 = 64 * 1024;
/// How often one request may break on an instance; one that kills instances must not kill them all.
const BREAKS_ALLOWED: u8 = 3;
/// The pause before an instance whose queue was full is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// What every connection shares.
pub(super) struct Proxy {
    pub(super) table: Table,
    pub(super) config: IngressConfig,
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
}

/// Why an attempt gave no answer.
pub(super) enum Failed {
    /// The instance never saw the request; here it is again.
    Unsent(Box<Request<RequestBody>>),
    /// The connection broke after the request may have been seen.
    Broken(hyper::Error),
    /// No answer began in time.
    TimedOut,
}

/// One request between its attempts.
struct Errand<'a> {
    proxy: &'a Proxy,
    host: Host,
    debugger: bool,
    /// It does the same when done twice, and can be sent twice.
    repeatable: bool,
    tunnel: Option<Tunnel>,
    request: Option<Request<RequestBody>>,
    past: Past,
}

/// What one request has gone through.
#[derive(Default)]
struct Past {
    tried: Vec<Uuid>,
    queue_was_full: bool,
    breaks: u8,
    /// An idle connection was found dead: make a new one.
    only_new: bool,
    deadline: Option<Instant>,
}

/// Answers `request`, in any case.
pub(super) async fn answer(
    proxy: &Proxy,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let form = Form::wanted(request.headers());
    let answered = match Errand::new(proxy, peer, request) {
        Ok(errand) => errand.run().await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| pages::render(&refusal, form))
}

impl<'a> Errand<'a> {
    fn new(proxy: &'a Proxy, peer: &Peer, mut request: Request<Incoming>) -> Result<Self, Refusal> {
        let two_framings = request.headers().contains_key(TRANSFER_ENCODING)
            && peer.heard.length_was_stated(request.uri());
        if request.body().is_end_stream() {
            peer.heard.forget();
        } else {
            peer.heard.rest();
        }
        if two_framings {
            return Err(Refusal::TwoFramings);
        }
        let host = host::requested(request.uri(), request.headers()).ok_or(Refusal::InvalidHost)?;
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Refusal::MethodNotAllowed);
        }
        let tunnel = Tunnel::wanted(&mut request, peer);
        let mut request = request.map(RequestBody::new);
        if request.uri().authority().is_some() {
            *request.uri_mut() = origin_form(request.uri());
        }
        *request.version_mut() = Version::HTTP_11;
        headers::prepare_request(request.headers_mut(), &host, peer);
        if let Some(tunnel) = &tunnel {
            tunnel.announce(request.headers_mut());
        }
        let path = request.uri().path();
        let debugger = path == "/debugger" || path.starts_with("/debugger/");
        let idempotent = matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
        );
        Ok(Self {
            proxy,
            host,
            debugger,
            repeatable: idempotent && request.body().is_empty(),
            tunnel,
            request: Some(request),
            past: Past::default(),
        })
    }

    async fn run(mut self) -> Result<Response<AnswerBody>, Refusal> {
        loop {
            let seen = self.proxy.table.version();
            match self
                .proxy
                .table
                .choose(&self.host.name, self.debugger, &self.past.tried)
            {
                Choice::Ready(in_flight) => {
                    if let Some(answer) = self.attempt(in_flight).await? {
                        return Ok(answer);
                    }
                }
                Choice::UnknownHost => return Err(Refusal::UnknownHost),
                Choice::Unserved { title, state } => {
                    let hopeful = state == Unserved::Starting || !self.past.tried.is_empty();
                    if !hopeful || !self.wait(seen).await {
                        return Err(Refusal::Unserved { title, state });
                    }
                }
                Choice::AllTried { title } => {
                    if !self.wait(seen).await {
                        return Err(Refusal::Unserved {
                            title,
                            state: Unserved::Unknown,
                        });
                    }
                }
                Choice::NoDebugger { title } => {
                    if !self.wait(seen).await {
                        return Err(Refusal::NoDebugger { title });
                    }
                }
            }
        }
    }

    /// Waits for a change of the table, or for room in a full queue; false when patience is at its end.
    async fn wait(&mut self, seen: u64) -> bool {
        let now = Instant::now();
        let deadline = *self
            .past
            .deadline
            .get_or_insert(now + self.proxy.config.patience);
        if !self.past.queue_was_full {
            return self.proxy.table.changed_since(seen, deadline).await;
        }
        self.proxy
            .table
            .changed_since(seen, deadline.min(now + QUEUE_PAUSE))
            .await;
        self.past.queue_was_full = false;
        self.past.tried.clear();
        Instant::now() < deadline
    }

    /// One attempt; none when another may follow.
    async fn attempt(
        &mut self,
        in_flight: InFlight,
    ) -> Result<Option<Response<AnswerBody>>, Refusal> {
        let id = in_flight.backend().id();
        let link = if self.tunnel.is_some() {
            None
        } else {
            self.reusable_link(&in_flight).await
        };
        let reused = link.is_some();
        let outcome = if self.tunnel.is_some() {
            match tunnel::open(in_flight.backend().socket()).await {
                Ok(sender) => {
                    let request = self.next_request();
                    tunnel::exchange(self.proxy, self.tunnel.as_mut(), sender, request, in_flight)
                        .await
                }
                Err(error) => return Ok(self.not_connected(id, &error)),
            }
        } else {
            let link = match link {
                Some(link) => Ok(link),
                None => Link::open(in_flight.backend().socket()).await,
            };
            match link {
                Ok(link) => {
                    let request = self.next_request();
                    exchange(self.proxy, link, request, in_flight).await
                }
                Err(error) => return Ok(self.not_connected(id, &error)),
            }
        };
        match outcome {
            Ok(answer) => return Ok(Some(answer)),
            Err(Failed::TimedOut) => return Err(Refusal::TimedOut),
            Err(Failed::Unsent(request)) => self.request = Some(*request),
            Err(Failed::Broken(error)) => {
                tracing::debug!(%error, instance = %id, "an instance broke off a request");
                self.past.breaks += 1;
                if !self.repeatable || self.past.breaks >= BREAKS_ALLOWED {
                    return Err(Refusal::Broken);
                }
            }
        }
        if reused {
            self.past.only_new = true;
        } else {
            self.past.tried.push(id);
        }
        Ok(None)
    }

    /// An idle connection that still lives. What must not be sent twice always gets a new one, since an
    /// idle one may be closed by the other side at the very moment of sending.
    async fn reusable_link(&self, in_flight: &InFlight) -> Option<Link> {
        if !self.repeatable || self.past.only_new {
            return None;
        }
        while let Some(mut link) = in_flight.backend().take_idle() {
            if std::future::poll_fn(|cx| std::task::Poll::Ready(link.is_usable(cx))).await {
                return Some(link);
            }
        }
        None
    }

    fn not_connected(&mut self, id: Uuid, error: &io::Error) -> Option<Response<AnswerBody>> {
        tracing::debug!(%error, instance = %id, "an instance could not be connected to");
        self.past.queue_was_full |= error.kind() == io::ErrorKind::WouldBlock;
        self.past.tried.push(id);
        None
    }

    /// The request for the next attempt: a copy where a further one may be needed.
    fn next_request(&mut self) -> Request<RequestBody> {
        let copy = self
            .request
            .as_ref()
            .filter(|_| self.repeatable)
            .map(|request| {
                let mut copy = Request::new(RequestBody::Empty);
                *copy.method_mut() = request.method().clone();
                *copy.uri_mut() = request.uri().clone();
                *copy.headers_mut() = request.headers().clone();
                copy
            });
        copy.or_else(|| self.request.take())
            .expect("an attempt that fails without giving the request back is the last")
    }
}

/// Sends `request` over `link` and makes its answer one for the client.
async fn exchange(
    proxy: &Proxy,
    mut link: Link,
    request: Request<RequestBody>,
    in_flight: InFlight,
) -> Result<Response<AnswerBody>, Failed> {
    let progress = request.body().progress();
    let response = {
        let mut sending = std::pin::pin!(link.send(request));
        loop {
            match timeout(proxy.config.answer_timeout, &mut sending).await {
                Ok(Ok(response)) => break response,
                Ok(Err(mut error)) => {
                    return Err(match error.take_message() {
                        Some(request) => Failed::Unsent(Box::new(request)),
                        None => Failed::Broken(error.into_error()),
                    });
                }
                Err(_) => {
                    let goes_on = progress
                        .as_ref()
                        .is_some_and(|it| it.swap(false, Ordering::Relaxed));
                    if !goes_on {
                        return Err(Failed::TimedOut);
                    }
                }
            }
        }
    };
    let length = response.body().size_hint().exact();
    let (head, incoming) = prepare_answer(response);
    let body = StreamingBody::new(incoming, Some(link), in_flight);
    let body = if length.is_some_and(|length| length <= HELD_WHOLE) {
        let whole = timeout(proxy.config.answer_timeout, body.whole()).await;
        whole
            .map_err(|_| Failed::TimedOut)?
            .map_err(Failed::Broken)?
    } else {
        AnswerBody::Streaming(body)
    };
    Ok(Response::from_parts(head, body))
}

/// Takes from an answer what concerns only the connection it came over.
pub(super) fn prepare_answer(response: Response<Incoming>) -> (http::response::Parts, Incoming) {
    let (mut head, incoming) = response.into_parts();
    headers::remove_hop_by_hop(&mut head.headers);
    head.version = Version::HTTP_11;
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        head.status = StatusCode::BAD_GATEWAY;
    }
    (head, incoming)
}

fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query()
        .map_or_else(Uri::default, |path: &PathAndQuery| Uri::from(path.clone()))
}
