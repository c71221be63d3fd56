//! What may be done with an app now.

use super::operations::UnderWay;
use crate::rights::Access;
use crate::states::AppState;

/// Whether an app may be deleted, of which `state` and the operation under way on the app itself are
/// known. A deletion that has failed is taken up by another one.
pub fn delete(state: AppState, under_way: Option<&UnderWay>) -> Access {
    match (state, under_way) {
        (AppState::Deleting, Some(_)) => Access::denied("The app is being deleted already."),
        (_, Some(operation)) => operation.refusal(),
        (_, None) => Access::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_that_has_failed_may_be_taken_up() {
        let busy = UnderWay {
            title: "Delete Shop".to_owned(),
            stuck: false,
        };
        assert!(delete(AppState::Ready, None).is_allowed());
        assert!(delete(AppState::Deleting, None).is_allowed());
        let twice = delete(AppState::Deleting, Some(&busy));
        assert!(twice.reason().is_some_and(|why| why.contains("already")));
        let creating = UnderWay {
            title: "Create Shop".to_owned(),
            stuck: false,
        };
        let early = delete(AppState::Creating, Some(&creating));
        assert!(
            early
                .reason()
                .is_some_and(|why| why.contains("“Create Shop”"))
        );
    }
}
