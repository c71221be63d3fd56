//! What may be done with a package now.

use crate::rights::Access;

/// Whether a package may be deleted that these environments serve, or are to.
pub fn delete(used_by: &[String]) -> Access {
    if used_by.is_empty() {
        return Access::Allowed;
    }
    Access::Denied(format!(
        "In use by {}. Deploy another package there first.",
        used_by.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_stays() {
        assert!(delete(&[]).is_allowed());
        let used = delete(&["Test".to_owned(), "Production".to_owned()]);
        assert_eq!(
            used.reason().as_deref(),
            Some("In use by Test, Production. Deploy another package there first.")
        );
    }
}
