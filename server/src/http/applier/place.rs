//! A place in the feed, by which a listener that comes again says what it has heard.

use std::fmt;
use std::str::FromStr;

/// Behind the change with a number, in one run of the server: numbers begin anew with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which run.
    pub(super) run: u64,
    /// The change's number; 0 before the first one.
    pub(super) seq: u64,
}

/// Text that is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place in the feed is a run and a number, as 9f3c-57")]
pub struct PlaceError;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.run, self.seq)
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    /// Reads what `Display` writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (run, seq) = text.split_once('-').ok_or(PlaceError)?;
        let run = u64::from_str_radix(run, 16).map_err(|_| PlaceError)?;
        let place = Place { run, seq: seq.parse().map_err(|_| PlaceError)? };
        if place.to_string() == text { Ok(place) } else { Err(PlaceError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for place in [Place { run: 0, seq: 0 }, Place { run: u64::MAX, seq: u64::MAX }] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in
            ["", "-", "5", "f-", "-5", "f-x", "F-5", "0f-5", "f-+5", "f-05", "f-5-", "10000000000000000-5"]
        {
            assert_eq!(text.parse::<Place>(), Err(PlaceError), "{text}");
        }
    }
}
