//! Upgraded connections, web sockets above all: after both sides agreed, bytes pass both ways as they come.

use std::{io, path::Path, sync::Arc};

use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONNECTION, UPGRADE},
};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{Connection, SendRequest},
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use tokio::{io::copy_bidirectional, time::timeout};

use crate::ingress::{
    activity::{Activity, Watched},
    backend::InFlight,
    client_info::{ClientInfo, Place},
    connection_state::ConnectionState,
    exchange::{Failed, prepare_answer},
    proxy::Proxy,
    request_body::RequestBody,
    response_body::{ResponseBody, StreamingBody},
    shares::Share,
    upstream_connection,
    upstream_stream::UpstreamStream,
};

/// A client's wish to speak another protocol on its connection.
pub(super) struct Tunnel {
    client: Option<OnUpgrade>,
    protocol: HeaderValue,
    state: Arc<ConnectionState>,
    places: Places,
}

/// What a tunnel holds of the ingress as long as it lives.
type Places = (Arc<Place>, Option<Arc<Share>>);

type Ends = (
    SendRequest<RequestBody>,
    Connection<TokioIo<UpstreamStream>, RequestBody>,
);

impl Tunnel {
    /// The upgrade that `request` asks for. HTTP/2 is none: it would carry requests past the ingress.
    pub(super) fn wanted(
        request: &mut Request<Incoming>,
        client: &ClientInfo,
        share: Option<&Arc<Share>>,
    ) -> Option<Self> {
        let protocol = request.headers().get(UPGRADE)?;
        let names = protocol.to_str().ok()?.to_ascii_lowercase();
        let asked = request.headers().get_all(CONNECTION).iter().any(|value| {
            value.to_str().is_ok_and(|value| {
                value
                    .split(',')
                    .any(|it| it.trim().eq_ignore_ascii_case("upgrade"))
            })
        });
        let carries_requests = names.split(',').any(|name| {
            let name = name.trim();
            name.starts_with("h2") || name.starts_with("http/") || name.starts_with("tls/")
        });
        if !asked
            || carries_requests
            || *request.method() != Method::GET
            || !request.body().is_end_stream()
        {
            return None;
        }
        let protocol = protocol.clone();
        Some(Self {
            client: Some(hyper::upgrade::on(request)),
            protocol,
            state: Arc::clone(&client.state),
            places: (Arc::clone(&client.place), share.cloned()),
        })
    }

    /// Puts the wish back into headers that were cleared of it.
    pub(super) fn announce(&self, headers: &mut HeaderMap) {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, self.protocol.clone());
    }
}

/// A connection of the tunnel's own.
pub(super) async fn open(socket: &Path) -> io::Result<Ends> {
    upstream_connection::connect(socket).await
}

/// Sends the request; when the instance agrees, joins the two connections.
pub(super) async fn exchange(
    proxy: &Proxy,
    host: &str,
    tunnel: Option<&mut Tunnel>,
    (mut sender, connection): Ends,
    request: Request<RequestBody>,
    in_flight: InFlight,
) -> Result<Response<ResponseBody>, Failed> {
    let stopping = proxy.stopping.clone();
    let connection = connection.with_upgrades();
    proxy.tasks.spawn(async move {
        tokio::select! {
            _ = connection => {}
            () = stopping.cancelled() => {}
        }
    });
    let sent = timeout(
        proxy.config.answer_timeout,
        sender.try_send_request(request),
    )
    .await;
    let mut response =
        sent.map_err(|_| Failed::TimedOut)?
            .map_err(|mut error| match error.take_message() {
                Some(request) => Failed::Unsent(Box::new(request)),
                None => Failed::of(error.into_error(), None),
            })?;
    if let Some(tunnel) = tunnel
        && let Some(client) = tunnel.client.take()
        && response.status() == StatusCode::SWITCHING_PROTOCOLS
    {
        let protocol = response.headers().get(UPGRADE).cloned();
        let instance = hyper::upgrade::on(&mut response);
        let (mut head, _) = prepare_answer(host, response)?;
        tunnel.state.upgrade();
        join(proxy, client, instance, (in_flight, tunnel.places.clone()));
        head.headers
            .insert(CONNECTION, HeaderValue::from_static("upgrade"));
        if let Some(protocol) = protocol {
            head.headers.insert(UPGRADE, protocol);
        }
        return Ok(Response::from_parts(head, ResponseBody::own("")));
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failed::Malformed);
    }
    let (head, incoming) = prepare_answer(host, response)?;
    let body = StreamingBody::new(incoming, None, in_flight);
    Ok(Response::from_parts(head, ResponseBody::Streaming(body)))
}

/// Copies bytes both ways until one side closes, both are silent for too long or the ingress stops; `counted` is held
/// as long.
fn join(proxy: &Proxy, client: OnUpgrade, instance: OnUpgrade, counted: (InFlight, Places)) {
    let stopping = proxy.stopping.clone();
    let silence = proxy.config.tunnel_silence;
    let copying = async move {
        let (client, instance) = tokio::try_join!(client, instance)?;
        let activity = Activity::default();
        let mut client = Watched::new(TokioIo::new(client), &activity);
        let mut instance = Watched::new(TokioIo::new(instance), &activity);
        tokio::select! {
            copied = copy_bidirectional(&mut client, &mut instance) => {
                if let Err(error) = copied {
                    tracing::debug!(%error, "an upgraded connection broke");
                }
            }
            () = activity.silent_for(silence) => {
                tracing::debug!("an upgraded connection was silent for too long");
            }
        }
        drop(counted);
        Ok::<_, hyper::Error>(())
    };
    proxy.tasks.spawn(async move {
        tokio::select! {
            _ = copying => {}
            () = stopping.cancelled() => {}
        }
    });
}
