//! A request's body that must go on coming, and that is read on for a while after nobody wants it.
//!
//! Time counts only while the portal waits for the client: a slow disk is not the client's fault. An upload of hours
//! lives as long as it comes at the lowest rate. A client that sends all of its body before it listens would hear
//! nothing of a refusal if the connection were closed under it; one that waits to be asked for the body is not asked.

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};

/// How long the rest of a body is read that nobody wants.
const READ_ON: Duration = Duration::from_secs(10);

/// The body of a request.
pub struct Paced<B: Body<Data = Bytes> + Unpin + Send + 'static> {
    body: Option<B>,
    /// In how much time how many bytes must come.
    pace: (Duration, usize),
    window: Option<Pin<Box<Sleep>>>,
    came: usize,
    /// Whether the client sends nothing before it is asked to, which the first poll does.
    waits: bool,
}

impl<B: Body<Data = Bytes> + Unpin + Send + 'static> Paced<B> {
    /// A body of which at least so many bytes must come in each span of time.
    pub const fn new(body: B, pace: (Duration, usize), waits: bool) -> Self {
        Self {
            body: Some(body),
            pace,
            window: None,
            came: 0,
            waits,
        }
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        this.waits = false;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            let frame = frame.map(|frame| frame.map_err(Error::other));
            match &frame {
                Some(Ok(frame)) => this.came += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) | None => this.body = None,
            }
            return Poll::Ready(frame);
        }
        let (within, bytes) = this.pace;
        loop {
            let window = this.window.get_or_insert_with(|| Box::pin(sleep(within)));
            ready!(window.as_mut().poll(cx));
            this.window = None;
            if std::mem::take(&mut this.came) < bytes {
                this.body = None;
                let text = "the body of the request came too slowly";
                return Poll::Ready(Some(Err(Error::new(ErrorKind::TimedOut, text))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(Body::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl<B: Body<Data = Bytes> + Unpin + Send + 'static> Drop for Paced<B> {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take() else {
            return;
        };
        if self.waits || body.is_end_stream() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let rest = async { while let Some(Ok(_)) = body.frame().await {} };
                let _ = timeout(READ_ON, rest).await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Paced;
    use axum::body::{Body, Bytes};
    use http_body_util::BodyExt;
    use std::convert::Infallible;
    use std::time::Duration;
    use tokio::time::sleep;

    const PACE: (Duration, usize) = (Duration::from_secs(30), 100);

    /// A body of pieces that come one after another, each after a pause.
    fn pieces(length: usize, pause: u64, count: usize) -> Body {
        let pieces = futures::stream::unfold(0, move |sent| async move {
            sleep(Duration::from_secs(pause)).await;
            let piece = Bytes::from(vec![b'x'; length]);
            (sent < count).then_some((Ok::<_, Infallible>(piece), sent + 1))
        });
        Body::from_stream(pieces)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_lives_while_it_comes_at_the_lowest_rate() {
        for (length, pause, comes) in [
            (100, 29, true),
            (10, 1, true),
            (1, 5, false),
            (99, 31, false),
        ] {
            let body = Paced::new(pieces(length, pause, 1000), PACE, false);
            let read = body.collect().await;
            assert_eq!(read.is_ok(), comes, "{length} bytes each {pause} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_not_the_client_s_fault() {
        let mut body = Paced::new(pieces(1000, 1, 5), PACE, false);
        for _ in 0..5 {
            sleep(Duration::from_mins(10)).await;
            body.frame().await.expect("a piece").expect("in time");
        }
        assert!(body.frame().await.is_none());
    }
}
