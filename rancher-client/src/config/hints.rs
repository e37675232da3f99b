//! What a configuration knows beside what it needs.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::wire::ProjectId;

/// What the environment says of the credential and its use. Nothing here is proof: a server decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Whose credential it is, as a person wrote it (`RANCHER_USER`).
    pub user: Option<String>,
    /// When the credential expires, as a person wrote it (`RANCHER_TOKEN_EXPIRES`).
    pub token_expires: Option<Expiry>,
    /// The project that is meant (`CAAS_PROJECT`, or the project chosen in the Rancher CLI).
    pub project: Option<ProjectId>,
}

/// The end of a credential's life, as precisely as it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Some time on this day: `2031-08-04`.
    Day(Date),
    /// At this instant: `2031-08-04T12:00:00Z`.
    Instant(Timestamp),
}

impl Expiry {
    /// The first instant at which the credential may be dead: for a day, its beginning in UTC.
    pub fn earliest(&self) -> Timestamp {
        match self {
            Expiry::Instant(instant) => *instant,
            Expiry::Day(day) => day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp()),
        }
    }
}

/// Text that is neither a date nor an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a date like 2031-08-04 nor an instant like 2031-08-04T12:00:00Z")]
pub struct InvalidExpiry;

impl FromStr for Expiry {
    type Err = InvalidExpiry;

    fn from_str(text: &str) -> Result<Self, InvalidExpiry> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Expiry::Instant(instant));
        }
        // the parser of dates takes a date and a time without an offset too, and drops the time
        if text.len() == "2031-08-04".len() {
            return text.parse::<Date>().map(Expiry::Day).map_err(|_| InvalidExpiry);
        }
        Err(InvalidExpiry)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expiry::Day(day) => day.fmt(f),
            Expiry::Instant(instant) => instant.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants() {
        let day: Expiry = " 2031-08-04 ".parse().unwrap();
        assert_eq!(day.to_string(), "2031-08-04");
        assert_eq!(day.earliest().to_string(), "2031-08-04T00:00:00Z");
        let instant: Expiry = "2031-08-04T12:00:00+02:00".parse().unwrap();
        assert_eq!(instant.earliest().to_string(), "2031-08-04T10:00:00Z");
        for text in ["", "never", "04.08.2031", "2031-13-01", "2031-08-04T12:00:00", "1785801600"] {
            assert!(text.parse::<Expiry>().is_err(), "{text}");
        }
    }
}
