//! A browser as far as the portal can tell: cookies, redirects, forms, and the headers that browsers send.

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;
use url::Url;

/// What a browser names when it loads a page.
pub const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// An answer that takes longer than this will not come.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A browser.
pub struct Browser {
    base: Url,
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
    forwarded_for: Option<&'static str>,
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    /// Its status.
    pub status: StatusCode,
    /// The path and query it was found at.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub body: String,
}

impl Page {
    /// Where it sends the browser.
    pub fn location(&self) -> Option<&str> {
        self.headers
            .get(LOCATION)
            .map(|it| it.to_str().expect("an ASCII address"))
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |it| it.to_str().expect("an ASCII header"))
    }
}

impl Browser {
    /// A browser without cookies at a portal.
    pub fn new(base: &str) -> Self {
        Self::at(base, None)
    }

    /// The same at this address of its own.
    pub fn at(base: &str, address: Option<IpAddr>) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .local_address(address)
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            base: Url::parse(base).expect("an address"),
            client,
            cookies: Mutex::default(),
            forwarded_for: None,
        }
    }

    /// The same behind a proxy that says that it was asked from there.
    pub fn forwarded_for(self, address: &'static str) -> Self {
        Self {
            forwarded_for: Some(address),
            ..self
        }
    }

    /// A request with the cookies, as one of the portal's own pages would send it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.base.join(path).expect("a path");
        let cookies = self.cookies.lock().expect("no panic before");
        let cookie: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .client
            .request(method, url)
            .header("sec-fetch-site", "same-origin");
        if let Some(address) = self.forwarded_for {
            request = request.header("x-forwarded-for", address);
        }
        if cookie.is_empty() {
            request
        } else {
            request.header("cookie", cookie.join("; "))
        }
    }

    /// Loads a page; follows nothing.
    pub async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path).header("accept", PAGE))
            .await
    }

    /// Sends a form; follows nothing.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(
            self.request(Method::POST, path)
                .header("accept", PAGE)
                .form(fields),
        )
        .await
    }

    /// Calls a server function as a script would.
    pub async fn call(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(
            self.request(Method::POST, path)
                .header("accept", "application/json")
                .form(fields),
        )
        .await
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&self, request: RequestBuilder) -> Page {
        let response = request.send().await.expect("an answer");
        self.keep_cookies(&response);
        let path = response.url()[url::Position::BeforePath..].to_owned();
        let (status, headers) = (response.status(), response.headers().clone());
        Page {
            status,
            path,
            headers,
            body: response.text().await.expect("a text"),
        }
    }

    /// Goes where the answer sends it, until one sends it nowhere.
    pub async fn follow(&self, page: Page) -> Page {
        self.follow_until(page, "no path").await
    }

    /// Goes where the answer sends it, until one sends it nowhere or to this path.
    pub async fn follow_until(&self, mut page: Page, path: &str) -> Page {
        for _ in 0..10 {
            let Some(location) = page.location() else {
                return page;
            };
            let next = self.base.join(location).expect("an address");
            if next.path() == path {
                return page;
            }
            assert_eq!(
                next.origin(),
                self.base.origin(),
                "stays at the portal: {next}"
            );
            page = self.get(next.as_str()).await;
        }
        panic!("too many redirects: {page:?}");
    }

    /// Opens a page, signs in where that leads to, and goes on; the last answer.
    pub async fn sign_in(&self, path: &str, email: &str, password: &str) -> Page {
        let answer = self.give_password(path, email, password).await;
        self.follow(answer).await
    }

    /// Opens a page and fills in the form where that leads to; the answer to the form.
    pub async fn give_password(&self, path: &str, email: &str, password: &str) -> Page {
        let form = self.follow(self.get(path).await).await;
        self.fill_in(&form, email, password).await
    }

    /// Fills in the sign-in form of a page that a tab shows; the answer to it.
    pub async fn fill_in(&self, form: &Page, email: &str, password: &str) -> Page {
        assert!(
            form.body.contains("name=\"password\""),
            "a sign-in form: {form:?}"
        );
        let action =
            between(&form.body, "<form method=\"post\" action=\"", "\"").replace("&amp;", "&");
        let target = self
            .base
            .join(&form.path)
            .and_then(|page| page.join(&action))
            .expect("an address");
        self.post(target.as_str(), &[("email", email), ("password", password)])
            .await
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies
            .lock()
            .expect("no panic before")
            .get(name)
            .cloned()
    }

    /// Loses all cookies, as a browser that keeps none.
    pub fn lose_cookies(&self) {
        self.cookies.lock().expect("no panic before").clear();
    }

    /// Loses one cookie.
    pub fn forget_cookie(&self, name: &str) {
        self.cookies.lock().expect("no panic before").remove(name);
    }

    /// The names of all cookies.
    pub fn cookie_names(&self) -> Vec<String> {
        let cookies = self.cookies.lock().expect("no panic before");
        cookies.keys().cloned().collect()
    }

    /// Takes a value for a cookie.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies
            .lock()
            .expect("no panic before")
            .insert(name.to_owned(), value.to_owned());
    }

    fn keep_cookies(&self, response: &Response) {
        let mut cookies = self.cookies.lock().expect("no panic before");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("an ASCII cookie");
            let (name, rest) = cookie.split_once('=').expect("name=value");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() || rest.to_ascii_lowercase().contains("max-age=0;") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The text between two others.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text
        .find(before)
        .unwrap_or_else(|| panic!("{before} in {text}"))
        + before.len();
    let end = text[start..]
        .find(after)
        .unwrap_or_else(|| panic!("{after} in {text}"));
    &text[start..start + end]
}

/// Whether an answer is JSON.
pub fn is_json(page: &Page) -> bool {
    page.headers.get(CONTENT_TYPE).is_some_and(|kind| {
        kind.to_str()
            .is_ok_and(|kind| kind.starts_with("application/json"))
    })
}
