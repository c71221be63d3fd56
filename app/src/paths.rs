//! Every address of the portal as a function: a link that is not here does not exist.

use domain::ids::{OperationId, PackageId};
use std::fmt::Write as _;

/// The list of apps.
pub fn apps() -> String {
    "/apps".to_owned()
}

/// The form that creates an app.
pub fn create_app() -> String {
    "/apps/new".to_owned()
}

/// An app.
pub fn app(app: &str) -> String {
    format!("/apps/{}", encoded(app))
}

/// An app's settings.
pub fn app_settings(app: &str) -> String {
    format!("/apps/{}/settings", encoded(app))
}

/// An app's packages.
pub fn packages(app: &str) -> String {
    format!("/apps/{}/packages", encoded(app))
}

/// An app's packages, going on after `cursor`.
pub fn packages_after(app: &str, cursor: &str) -> String {
    format!("/apps/{}/packages?after={}", encoded(app), encoded(cursor))
}

/// Where a package is sent to.
pub fn package_upload(app: &str) -> String {
    format!("/apps/{}/packages/upload", encoded(app))
}

/// A package.
pub fn package(app: &str, package: PackageId) -> String {
    format!("/apps/{}/packages/{package}", encoded(app))
}

/// The file of a package.
pub fn package_file(app: &str, package: PackageId) -> String {
    format!("/apps/{}/packages/{package}/file", encoded(app))
}

/// An environment.
pub fn environment(app: &str, environment: &str) -> String {
    format!(
        "/apps/{}/environments/{}",
        encoded(app),
        encoded(environment)
    )
}

/// The form that deploys to an environment.
pub fn deploy(app: &str, environment: &str) -> String {
    format!(
        "/apps/{}/environments/{}/deploy",
        encoded(app),
        encoded(environment)
    )
}

/// The form that deploys to an environment, with a package chosen.
pub fn deploy_package(app: &str, environment: &str, package: PackageId) -> String {
    format!("{}?package={package}", deploy(app, environment))
}

/// An environment's debugger.
pub fn debugger(app: &str, environment: &str) -> String {
    format!(
        "/apps/{}/environments/{}/debugger",
        encoded(app),
        encoded(environment)
    )
}

/// The list of operations.
pub fn operations() -> String {
    "/operations".to_owned()
}

/// The list of operations that are not finished.
pub fn unfinished_operations() -> String {
    "/operations?show=unfinished".to_owned()
}

/// An operation.
pub fn operation(operation: OperationId) -> String {
    format!("/operations/{operation}")
}

/// Who may do what.
pub fn rights() -> String {
    "/rights".to_owned()
}

/// How the installation is doing.
pub fn operator() -> String {
    "/operator".to_owned()
}

/// Where the choice of a theme is sent to.
pub fn theme() -> String {
    "/theme".to_owned()
}

/// Where signing out is sent to.
pub fn logout() -> String {
    "/logout".to_owned()
}

/// The stream of changes.
pub fn events() -> String {
    "/events".to_owned()
}

/// The page that shows every primitive, in development.
pub fn gallery() -> String {
    "/ui".to_owned()
}

/// An address within the portal with its query, if it has one.
pub fn with_search(path: &str, search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => path.to_owned(),
        search => format!("{path}?{search}"),
    }
}

/// Text as one segment of a path or one value of a query.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        const ID: &str = "0196f000-0000-7000-8000-00000000000c";
        let of_package = || ID.parse().expect("an id");
        let of_operation = ID.parse().expect("an id");
        let table = [
            apps(),
            create_app(),
            app("shop"),
            app_settings("shop"),
            packages("shop"),
            packages_after("shop", "ab"),
            package_upload("shop"),
            package("shop", of_package()),
            package_file("shop", of_package()),
            environment("shop", "test"),
            deploy("shop", "test"),
            deploy_package("shop", "test", of_package()),
            debugger("shop", "test"),
            operations(),
            unfinished_operations(),
            operation(of_operation),
            rights(),
            operator(),
            theme(),
            logout(),
            events(),
            gallery(),
        ];
        insta::assert_snapshot!(table.join("\n"), @r"
        /apps
        /apps/new
        /apps/shop
        /apps/shop/settings
        /apps/shop/packages
        /apps/shop/packages?after=ab
        /apps/shop/packages/upload
        /apps/shop/packages/0196f000-0000-7000-8000-00000000000c
        /apps/shop/packages/0196f000-0000-7000-8000-00000000000c/file
        /apps/shop/environments/test
        /apps/shop/environments/test/deploy
        /apps/shop/environments/test/deploy?package=0196f000-0000-7000-8000-00000000000c
        /apps/shop/environments/test/debugger
        /operations
        /operations?show=unfinished
        /operations/0196f000-0000-7000-8000-00000000000c
        /rights
        /operator
        /theme
        /logout
        /events
        /ui
        ");
    }

    #[test]
    fn a_query_is_kept() {
        assert_eq!(
            with_search("/operations", "show=unfinished"),
            "/operations?show=unfinished"
        );
        assert_eq!(
            with_search("/operations", "?after=ab"),
            "/operations?after=ab"
        );
        assert_eq!(with_search("/operations", ""), "/operations");
    }

    #[test]
    fn no_text_leaves_its_segment() {
        assert_eq!(app("../x?y#z ä"), "/apps/..%2Fx%3Fy%23z%20%C3%A4");
    }
}
