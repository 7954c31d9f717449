//! Stretches of time, half-open.

use jiff::Timestamp;

/// From an instant on, until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Span {
    /// What both have, if anything.
    pub fn overlap(self, other: Span) -> Option<Span> {
        let both = Span { from: self.from.max(other.from), until: self.until.min(other.until) };
        (both.from < both.until).then_some(both)
    }

    /// What is left of it without the other: none, one or two pieces.
    pub fn without(self, other: Span) -> impl Iterator<Item = Span> {
        let before = Span { from: self.from, until: self.until.min(other.from) };
        let after = Span { from: self.from.max(other.until), until: self.until };
        let apart = other.until <= self.from || other.from >= self.until;
        let pieces = if apart { [Some(self), None] } else { [Some(before), Some(after)] };
        pieces.into_iter().flatten().filter(|s| s.from < s.until)
    }
}
