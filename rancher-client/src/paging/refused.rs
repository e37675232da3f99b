//! What is told later.

use crate::error::{Error, ErrorKind};

/// What was wrong before a walk began. It is told when the walk begins, so that a list can be made without `?`; a walk
/// can begin again, and an error cannot be cloned.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    kind: ErrorKind,
    summary: String,
    advice: String,
    field: Option<String>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            kind: error.kind(),
            summary: error.summary().to_owned(),
            advice: error.advice().to_owned(),
            field: error.field().map(str::to_owned),
        }
    }
}

impl From<&Refused> for Error {
    fn from(refused: &Refused) -> Self {
        let error = Self::new(refused.kind, refused.summary.clone(), refused.advice.clone());
        match &refused.field {
            Some(field) => error.with_field(field),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_is_lost() {
        let error = Error::new(ErrorKind::Unsupported, "no", "ask otherwise").with_field("name");
        let again = Error::from(&Refused::from(error));
        assert_eq!(
            (again.kind(), again.summary(), again.advice(), again.field()),
            (ErrorKind::Unsupported, "no", "ask otherwise", Some("name"))
        );
    }
}
