//! Plans: what a company is offered.

use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use domain::plans::PlanOffer;

/// Every plan, smallest first; of a row that cannot be used, what is wrong with it.
pub async fn list(ctx: &Ctx) -> Result<Vec<PlanOffer>> {
    db::plans::list(&mut *ctx.state.pool.acquire().await?).await
}
