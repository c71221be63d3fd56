//! The body of an answer on its way to the client.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::ingress::{backend::InFlight, upstream_connection::UpstreamConnection};

/// A body that keeps its request counted as in flight until it has ended or is dropped.
pub(super) enum ResponseBody {
    /// Held whole.
    Whole {
        bytes: Bytes,
        in_flight: Option<InFlight>,
    },
    /// Passed on as it comes.
    Streaming(StreamingBody),
}

/// A body read from an instance while the client takes it.
pub(super) struct StreamingBody {
    incoming: Incoming,
    /// Read already, to be passed on first.
    first: Option<Frame<Bytes>>,
    /// None when the connection is driven elsewhere or was given back.
    upstream: Option<UpstreamConnection>,
    in_flight: Option<InFlight>,
}

impl ResponseBody {
    /// A body made here.
    pub(super) fn own(bytes: impl Into<Bytes>) -> Self {
        Self::Whole {
            bytes: bytes.into(),
            in_flight: None,
        }
    }
}

impl StreamingBody {
    pub(super) fn new(
        incoming: Incoming,
        upstream: Option<UpstreamConnection>,
        in_flight: InFlight,
    ) -> Self {
        Self {
            incoming,
            first: None,
            upstream,
            in_flight: Some(in_flight),
        }
    }

    /// Reads its first piece.
    pub(super) async fn begin(&mut self) -> Result<(), hyper::Error> {
        self.first = self.frame().await.transpose()?;
        Ok(())
    }

    /// Reads all of it before anything is passed on.
    pub(super) async fn whole(mut self) -> Result<ResponseBody, hyper::Error> {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            if first.is_empty() {
                first = data;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&data);
            }
        }
        let bytes = if all.is_empty() { first } else { all.freeze() };
        Ok(ResponseBody::Whole {
            bytes,
            in_flight: self.in_flight.take(),
        })
    }

    /// Keeps the connection for the next request when it may be used again.
    fn give_back(&mut self, cx: &mut Context<'_>) {
        if let (Some(mut upstream), Some(in_flight)) = (self.upstream.take(), &self.in_flight)
            && upstream.is_usable(cx)
        {
            in_flight.backend().keep(upstream);
        }
    }
}

impl Body for StreamingBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let mut frame = Pin::new(&mut this.incoming).poll_frame(cx);
        if frame.is_pending()
            && let Some(upstream) = &mut this.upstream
        {
            upstream.drive(cx);
            frame = Pin::new(&mut this.incoming).poll_frame(cx);
        }
        match &frame {
            Poll::Ready(None) => this.give_back(cx),
            Poll::Ready(Some(Ok(_))) if this.incoming.is_end_stream() => this.give_back(cx),
            Poll::Ready(Some(Err(_))) => this.upstream = None,
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.incoming.size_hint();
        let Some(first) = self.first.as_ref().and_then(Frame::data_ref) else {
            return rest;
        };
        rest.exact().map_or_else(SizeHint::default, |rest| {
            SizeHint::with_exact(rest + first.len() as u64)
        })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Whole { bytes, in_flight } => {
                let data = std::mem::take(bytes);
                *in_flight = None;
                Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
            }
            Self::Streaming(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole { bytes, .. } => bytes.is_empty(),
            Self::Streaming(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
            Self::Streaming(body) => body.size_hint(),
        }
    }
}
