//! The routes: one table of addresses and the pages that they show.

use crate::areas::apps::Apps;
use crate::areas::environments::Environments;
use crate::areas::work::Work;
use crate::areas::{Area, Page};
use leptos::tachys::view::iterators::StaticVec;
use leptos_router::{
    MatchNestedRoutes, NestedRoute, PartialPathMatch, PathSegment, PossibleRouteMatch, SsrMode,
};
use std::borrow::Cow;

/// Every address with its page; the first that fits counts.
const ROUTES: &[(Pattern, Page)] = &[
    (Pattern("/"), Page::Home),
    (Pattern("/apps"), Page::AppList),
    (Pattern("/apps/new"), Page::Apps(Apps::Create)),
    (Pattern("/apps/:app"), Page::Apps(Apps::Overview)),
    (Pattern("/apps/:app/settings"), Page::Apps(Apps::Settings)),
    (Pattern("/apps/:app/packages"), Page::Work(Work::Packages)),
    (
        Pattern("/apps/:app/packages/:package"),
        Page::Work(Work::Package),
    ),
    (
        Pattern("/apps/:app/environments/:environment"),
        Page::Environments(Environments::Overview),
    ),
    (
        Pattern("/apps/:app/environments/:environment/deploy"),
        Page::Environments(Environments::Deploy),
    ),
    (
        Pattern("/apps/:app/environments/:environment/debugger"),
        Page::Environments(Environments::Debugger),
    ),
    (Pattern("/operations"), Page::Work(Work::Operations)),
    (
        Pattern("/operations/:operation"),
        Page::Work(Work::Operation),
    ),
    (Pattern("/rights"), Page::Work(Work::Rights)),
    (Pattern("/operator"), Page::Work(Work::Operator)),
    (Pattern("/ui"), Page::Gallery),
];

/// The area that holds the page at a path; that there is none, the frame says.
pub fn area_of(path: &str) -> Area {
    let found = ROUTES
        .iter()
        .find(|(pattern, _)| pattern.test(path).is_some_and(|found| found.is_complete()));
    found.map_or(Area::Frame, |(_, page)| page.area())
}

/// The routes as the router takes them.
pub fn routes() -> impl MatchNestedRoutes + Clone + Send + 'static {
    let routes = ROUTES
        .iter()
        .map(|(pattern, page)| NestedRoute::new(*pattern, *page).ssr_mode(SsrMode::Async));
    StaticVec::from(routes.collect::<Vec<_>>())
}

/// A path whose parts are given, or named where they begin with a colon. One type for all routes, so that
/// another one is a line of a table and no code of its own.
#[derive(Debug, Clone, Copy)]
pub struct Pattern(&'static str);

impl Pattern {
    fn parts(self) -> impl Iterator<Item = &'static str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }
}

impl PossibleRouteMatch for Pattern {
    fn optional(&self) -> bool {
        false
    }

    fn test<'a>(&self, path: &'a str) -> Option<PartialPathMatch<'a>> {
        let mut rest = path;
        let mut named = Vec::new();
        for part in self.parts() {
            let from = rest.strip_prefix('/').unwrap_or(rest);
            let end = from.find('/').unwrap_or(from.len());
            let (found, after) = from.split_at(end);
            match part.strip_prefix(':') {
                Some(name) if !found.is_empty() => {
                    named.push((Cow::Borrowed(name), found.to_owned()));
                }
                None if found == part => {}
                _ => return None,
            }
            rest = after;
        }
        let (matched, rest) = path.split_at(path.len() - rest.len());
        Some(PartialPathMatch::new(rest, named, matched))
    }

    fn generate_path(&self, path: &mut Vec<PathSegment>) {
        path.extend(self.parts().map(|part| match part.strip_prefix(':') {
            Some(name) => PathSegment::Param(Cow::Borrowed(name)),
            None => PathSegment::Static(Cow::Borrowed(part)),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &'static str, path: &str) -> Option<String> {
        let found = Pattern(pattern).test(path)?;
        let whole = found.is_complete();
        let named = found
            .params()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        whole.then(|| named.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_path_fits_as_a_whole_and_gives_its_names() {
        let package = "/apps/:app/packages/:package";
        assert_eq!(
            found(package, "/apps/shop/packages/6f").as_deref(),
            Some("app=shop package=6f")
        );
        assert_eq!(
            found(package, "/apps/shop/packages/6f/").as_deref(),
            Some("app=shop package=6f")
        );
        for path in [
            "/apps/shop/packages",
            "/apps/shop/packages/",
            "/apps//packages/6f",
            "/apps/shop/packages/6f/file",
        ] {
            assert_eq!(found(package, path), None, "{path}");
        }
        assert_eq!(found("/", "/").as_deref(), Some(""));
        assert_eq!(found("/", "").as_deref(), Some(""));
        assert_eq!(found("/", "/apps"), None);
        assert_eq!(found("/apps", "/apps-of-others"), None);
    }

    #[test]
    fn the_first_route_that_fits_counts() {
        assert_eq!(area_of("/apps"), Area::Frame);
        assert_eq!(area_of("/apps/new"), Area::Apps);
        assert_eq!(area_of("/apps/shop/packages"), Area::Work);
        assert_eq!(area_of("/apps/shop/environments/test/"), Area::Environments);
        for path in [
            "",
            "/",
            "/nowhere",
            "/ui/more",
            "/apps/",
            "/apps/shop/nothing",
        ] {
            assert_eq!(area_of(path), Area::Frame, "{path}");
        }
    }
}
