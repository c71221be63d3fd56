//! What happens to one request: choose a backend, pass the request on, and where that fails and may be
//! repeated, choose another.

use std::{io, sync::Arc, time::Duration};

use http::{
    HeaderValue, Method, Request, Response, Uri, Version, header::ACCEPT, uri::PathAndQuery,
};
use hyper::body::Incoming;
use tokio::time::Instant;
use uuid::Uuid;

use crate::ingress::{
    answer_body::AnswerBody,
    backend::InFlight,
    client_info::{ClientInfo, Origin},
    debugger_path::is_debuggers,
    exchange::{Failed, exchange},
    headers, health,
    host::{self, Host},
    pages::{self, Form, words::Refusal},
    proxy::Proxy,
    request_body::RequestBody,
    response_body::ResponseBody,
    route::Unserved,
    shares::Share,
    table::Choice,
    tunnel::{self, Tunnel},
    upstream_connection::UpstreamConnection,
};

/// How often one request may break on an instance; one that kills instances must not kill them all.
const BREAKS_ALLOWED: u8 = 3;
/// The pause before an instance whose queue was full is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// One request between its attempts.
struct ProxyRequest<'a> {
    proxy: &'a Proxy,
    host: Host,
    debugger: bool,
    /// It does the same when done twice, and can be sent twice.
    repeatable: bool,
    tunnel: Option<Tunnel>,
    request: Option<Request<RequestBody>>,
    attempts: Attempts,
}

/// What one request has gone through.
#[derive(Default)]
struct Attempts {
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
    client: &ClientInfo,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let accept = request.headers().get(ACCEPT).cloned();
    let ends_with_connection = request.version() == Version::HTTP_10;
    let origin = client.origin(&proxy.config, request.headers());
    let share = client
        .is_proxy()
        .then(|| {
            proxy
                .shares
                .take(origin.ip)
                .map(Arc::new)
                .ok_or(Refusal::AddressFull)
        })
        .transpose();
    let of_connection = share.as_ref().ok().cloned().flatten();
    let answering = client.state.answer(ends_with_connection, of_connection);
    let answered = if health::is_asked(&request) {
        Ok(health::answer(proxy))
    } else {
        match share
            .and_then(|share| ProxyRequest::new(proxy, client, &origin, share.as_ref(), request))
        {
            Ok(request) => request.run().await,
            Err(refusal) => Err(refusal),
        }
    };
    let answered = answered.unwrap_or_else(|refusal| {
        let form = Form::of(accept.iter().map(HeaderValue::as_bytes));
        pages::render(&refusal, form)
    });
    answered.map(|body| AnswerBody::new(body, answering))
}

impl<'a> ProxyRequest<'a> {
    fn new(
        proxy: &'a Proxy,
        client: &ClientInfo,
        origin: &Origin,
        share: Option<&Arc<Share>>,
        mut request: Request<Incoming>,
    ) -> Result<Self, Refusal> {
        let host = host::requested(request.uri(), request.headers()).ok_or(Refusal::InvalidHost)?;
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Refusal::MethodNotAllowed);
        }
        let tunnel = Tunnel::wanted(&mut request, client, share);
        let mut request = request.map(|body| RequestBody::new(body, &proxy.config));
        if request.uri().authority().is_some() {
            *request.uri_mut() = origin_form(request.uri());
        }
        *request.version_mut() = Version::HTTP_11;
        if !headers::prepare_request(request.headers_mut(), &host, origin) {
            return Err(Refusal::HeadTooLarge);
        }
        if let Some(tunnel) = &tunnel {
            tunnel.announce(request.headers_mut());
        }
        let debugger = is_debuggers(request.uri().path());
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
            attempts: Attempts::default(),
        })
    }

    async fn run(mut self) -> Result<Response<ResponseBody>, Refusal> {
        loop {
            let seen = self.proxy.table.version();
            match self.proxy.table.choose(
                &self.host.name,
                self.debugger,
                &self.attempts.tried,
                self.proxy.config.max_per_host,
            ) {
                Choice::Ready(in_flight) => {
                    if let Some(answer) = self.attempt(in_flight).await? {
                        return Ok(answer);
                    }
                }
                Choice::UnknownHost => return Err(Refusal::UnknownHost),
                Choice::Unserved { title, state } => {
                    let hopeful = state == Unserved::Starting || !self.attempts.tried.is_empty();
                    if !hopeful || !self.wait(seen).await {
                        return Err(Refusal::Unserved { title, state });
                    }
                }
                Choice::Full { title } => return Err(Refusal::HostFull { title }),
                Choice::AllTried { title } => {
                    if !self.wait(seen).await {
                        if self.attempts.breaks > 0 {
                            return Err(Refusal::Broken);
                        }
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
        let _waiting = self.proxy.table.wait(&self.host.name);
        self.changed(seen).await
    }

    async fn changed(&mut self, seen: u64) -> bool {
        let now = Instant::now();
        let deadline = *self
            .attempts
            .deadline
            .get_or_insert(now + self.proxy.config.patience);
        if !self.attempts.queue_was_full {
            return self.proxy.table.changed_since(seen, deadline).await;
        }
        self.proxy
            .table
            .changed_since(seen, deadline.min(now + QUEUE_PAUSE))
            .await;
        self.attempts.queue_was_full = false;
        self.attempts.tried.clear();
        Instant::now() < deadline
    }

    /// One attempt; none when another may follow.
    async fn attempt(
        &mut self,
        in_flight: InFlight,
    ) -> Result<Option<Response<ResponseBody>>, Refusal> {
        let id = in_flight.backend().id();
        let upstream = if self.tunnel.is_some() {
            None
        } else {
            self.reusable_connection(&in_flight).await
        };
        let reused = upstream.is_some();
        let outcome = if self.tunnel.is_some() {
            match tunnel::open(in_flight.backend().socket()).await {
                Ok(sender) => {
                    let request = self.next_request();
                    tunnel::exchange(
                        self.proxy,
                        &self.host.name,
                        self.tunnel.as_mut(),
                        sender,
                        request,
                        in_flight,
                    )
                    .await
                }
                Err(error) => return Ok(self.not_connected(id, &error)),
            }
        } else {
            let upstream = match upstream {
                Some(upstream) => Ok(upstream),
                None => UpstreamConnection::open(in_flight.backend().socket()).await,
            };
            match upstream {
                Ok(upstream) => {
                    let request = self.next_request();
                    exchange(self.proxy, &self.host.name, upstream, request, in_flight).await
                }
                Err(error) => return Ok(self.not_connected(id, &error)),
            }
        };
        match outcome {
            Ok(answer) => return Ok(Some(answer)),
            Err(Failed::TimedOut) => return Err(Refusal::TimedOut),
            Err(Failed::Malformed) => return Err(Refusal::Malformed),
            Err(Failed::TooSlow) => return Err(Refusal::BodyTooSlow),
            Err(Failed::BadBody) => return Err(Refusal::BodyBroken),
            Err(Failed::Unsent(request)) => self.request = Some(*request),
            Err(Failed::Broken(error)) => {
                tracing::debug!(%error, instance = %id, "an instance broke off a request");
                self.attempts.breaks += 1;
                if !self.repeatable || self.attempts.breaks >= BREAKS_ALLOWED {
                    return Err(Refusal::Broken);
                }
            }
        }
        if reused {
            self.attempts.only_new = true;
        } else {
            self.attempts.tried.push(id);
        }
        Ok(None)
    }

    /// An idle connection that still lives. What must not be sent twice always gets a new one, since an
    /// idle one may be closed by the other side at the very moment of sending.
    async fn reusable_connection(&self, in_flight: &InFlight) -> Option<UpstreamConnection> {
        if !self.repeatable || self.attempts.only_new {
            return None;
        }
        while let Some(mut upstream) = in_flight.backend().take_idle() {
            if std::future::poll_fn(|cx| std::task::Poll::Ready(upstream.is_usable(cx))).await {
                return Some(upstream);
            }
        }
        None
    }

    fn not_connected(&mut self, id: Uuid, error: &io::Error) -> Option<Response<ResponseBody>> {
        tracing::debug!(%error, instance = %id, "an instance could not be connected to");
        self.attempts.queue_was_full |= error.kind() == io::ErrorKind::WouldBlock;
        self.attempts.tried.push(id);
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

fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query()
        .map_or_else(Uri::default, |path: &PathAndQuery| Uri::from(path.clone()))
}
