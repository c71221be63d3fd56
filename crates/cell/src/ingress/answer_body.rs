//! The body of any answer, as the client's connection takes it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::ingress::{connection_state::Answering, response_body::ResponseBody};

/// A body that tells its connection when the answer has ended.
pub(super) struct AnswerBody {
    body: ResponseBody,
    answering: Answering,
}

impl AnswerBody {
    pub(super) fn new(body: ResponseBody, answering: Answering) -> Self {
        Self { body, answering }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(Some(Err(_)))) {
            self.answering.cut();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
