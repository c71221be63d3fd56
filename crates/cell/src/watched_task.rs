//! Work on a task of its own whose panic is seen by whoever waits for it.

use std::any::Any;

/// Does `work`; an error says with which words it panicked.
pub async fn run<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, String> {
    match tokio::spawn(work).await {
        Ok(done) => Ok(done),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => Err(words(&*panic)),
            // The program ends, and takes everything with it.
            Err(_) => std::future::pending().await,
        },
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    text.or(owned).unwrap_or("no words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::run;

    #[tokio::test]
    async fn a_panic_is_told_and_harms_nobody_else() {
        assert_eq!(run(async { 7 }).await, Ok(7));
        let number = 3;
        let told = run(async move { assert_eq!(number, 4, "not what was wanted") }).await;
        assert!(told.expect_err("it failed").contains("not what was wanted"));
        let told = run(async { panic!("plain words") }).await;
        assert_eq!(told, Err("plain words".to_owned()));
    }
}
