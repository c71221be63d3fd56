//! Hears what is told to workers on the channel `sagas`.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::warn;

/// The pause before another connection is asked for.
const PAUSE: Duration = Duration::from_secs(1);

/// Wakes the worker at each notification; begins again when the connection is lost.
pub(super) async fn listen(pool: PgPool, woken: Arc<Notify>) {
    loop {
        if let Err(error) = relay(&pool, &woken).await {
            warn!(%error, "notifications about sagas are not heard; looks now and then go on");
        }
        sleep(PAUSE).await;
    }
}

async fn relay(pool: &PgPool, woken: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("sagas").await?;
    // Whatever was told before this, or while the connection was gone, was not heard.
    woken.notify_one();
    while listener.try_recv().await?.is_some() {
        woken.notify_one();
    }
    Ok(())
}
