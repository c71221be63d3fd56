//! Accounts, as the operator makes and changes them.

use mxid::accounts::{AccountError, Created, activate, create, deactivate, set_password};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::browser::{Browser, exchange, is_signed_in};
use crate::provider::{EMAIL, PASSWORD, TestProvider, error, in_query};

const AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const NEW_PASSWORD: &str = "a brisk walk at dawn";

#[sqlx::test(migrations = "../../migrations")]
async fn making_an_account_again_changes_nothing(pool: PgPool) {
    let password = PASSWORD.into();
    let made = create(&pool, EMAIL, "Ada", &password, AT)
        .await
        .expect("an account");
    assert_eq!(made, Created::New);
    let again = create(&pool, "ADA@example.com", "Eve", &NEW_PASSWORD.into(), AT).await;
    assert_eq!(again.expect("an answer"), Created::Existing);
    let name: String = sqlx::query_scalar("select name from mxid.accounts where email = $1")
        .bind(EMAIL)
        .fetch_one(&pool)
        .await
        .expect("one account");
    assert_eq!(name, "Ada");
}

#[sqlx::test(migrations = "../../migrations")]
async fn bad_input_is_refused(pool: PgPool) {
    let good = PASSWORD.into();
    let refused = create(&pool, "no address", "Ada", &good, AT).await;
    assert!(matches!(refused, Err(AccountError::InvalidEmail)));
    for name in ["", " ", "A\0da", &"a".repeat(201)] {
        let refused = create(&pool, EMAIL, name, &good, AT).await;
        assert!(
            matches!(refused, Err(AccountError::InvalidName)),
            "{name:?}"
        );
    }
    for password in [
        "",
        "too short",
        "Password1234",
        EMAIL,
        &"long enough ".repeat(11),
    ] {
        let refused = create(&pool, EMAIL, "Ada", &password.into(), AT).await;
        assert!(
            matches!(refused, Err(AccountError::WeakPassword(_))),
            "{password:?}"
        );
    }
    assert!(matches!(
        deactivate(&pool, EMAIL, AT).await,
        Err(AccountError::NotFound)
    ));
    assert!(matches!(
        activate(&pool, EMAIL, AT).await,
        Err(AccountError::NotFound)
    ));
    let refused = set_password(&pool, EMAIL, &good, AT).await;
    assert!(matches!(refused, Err(AccountError::NotFound)));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_deactivated_account_is_out_at_once_and_stays_out(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let tokens = browser.tokens().await;
    let url = browser.sign_in(&[("prompt", "login")]).await;
    let code = in_query(&url, "code").expect("a code");
    deactivate(&provider.pool, EMAIL, AT).await.expect("done");
    assert_eq!(provider.userinfo(&tokens.access).await.status(), 401);
    assert_eq!(
        error(&provider.token(&exchange(&code)).await),
        "invalid_grant"
    );
    let path = browser.start_sign_in(&[]).await;
    let right = browser.type_in(&path, EMAIL, PASSWORD).await;
    let wrong = browser.type_in(&path, EMAIL, NEW_PASSWORD).await;
    assert_eq!(right.status(), 422);
    assert_eq!(right.body(), wrong.body());

    activate(&provider.pool, EMAIL, AT).await.expect("done");
    assert_eq!(
        provider.userinfo(&tokens.access).await.status(),
        401,
        "what has ended stays so"
    );
    assert!(is_signed_in(&browser.type_in(&path, EMAIL, PASSWORD).await));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_new_password_ends_the_sessions_of_the_old_one(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.sign_in(&[]).await;
    set_password(&provider.pool, EMAIL, &NEW_PASSWORD.into(), AT)
        .await
        .expect("done");
    let path = browser.start_sign_in(&[]).await;
    assert_eq!(browser.type_in(&path, EMAIL, PASSWORD).await.status(), 422);
    assert!(is_signed_in(
        &browser.type_in(&path, EMAIL, NEW_PASSWORD).await
    ));
}
