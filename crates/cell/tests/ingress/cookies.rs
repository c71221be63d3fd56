//! Cookies that apps set.

use crate::stage::{Act, Stage};

#[tokio::test]
async fn cookies_stay_with_the_app_that_sets_them() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| {
        Act::Answer(
            "HTTP/1.1 200 OK\r\nset-cookie: a=1; Domain=apps.localhost; Path=/\r\nset-cookie: b=2; Secure\r\n\
             set-cookie: c=3; domain=.localhost\r\nset-cookie: d=4; Domain=shop.apps.localhost\r\ncontent-length: 0\r\n\r\n"
                .to_owned(),
        )
    });
    stage.route(&[&instance.backend]);
    let answer = stage.get("/").await;
    assert_eq!(
        answer.headers["set-cookie"],
        [
            "a=1; Path=/",
            "b=2; Secure",
            "c=3",
            "d=4; Domain=shop.apps.localhost"
        ]
    );
}
