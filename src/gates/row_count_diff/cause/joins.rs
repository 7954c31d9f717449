//! What the keys of the joins say, for the words of a cause.

use super::words::Words;
use crate::engine::Side;
use crate::gates::Data;
use crate::gates::join_profile::{Profile, Profiles};
use crate::reconcile::thousands;
use crate::sql::{Analysis, JoinLink, JoinShape, Span};

/// The joins of both versions.
pub(super) struct Joins<'a> {
    sides: [&'a [JoinShape]; 2],
    data: &'a dyn Data,
    profiles: Profiles,
}

impl<'a> Joins<'a> {
    pub(super) fn new(base: &'a Analysis, head: &'a Analysis, data: &'a dyn Data) -> Self {
        Self { sides: [&base.joins, &head.joins], data, profiles: Profiles::default() }
    }

    fn profile(&self, join: &JoinShape, side: Side) -> Option<Profile> {
        self.profiles.of(join, side, self.data)
    }

    /// The join at a place of a side, and what the data says of it.
    pub(super) fn at(&self, span: &Span, side: Side) -> Option<(&'a JoinShape, Option<Profile>)> {
        let joins = self.sides[usize::from(side == Side::Head)];
        let within =
            |join: &&JoinShape| join.span.start <= span.start && span.start < join.span.end.max(join.span.start + 1);
        // Joins stand one after another: the last that begins before.
        let join = joins.iter().filter(within).max_by_key(|join| join.span.start)?;
        Some((join, self.profile(join, side)))
    }

    /// A join whose right keys are repeated on head and were not on base.
    pub(super) fn newly_repeated(&self, words: &Words<'_>) -> Option<String> {
        let repeats = |join: &JoinShape, side| self.profile(join, side).filter(|p| p.times > 1.0);
        self.sides[1].iter().filter(|join| join.link == JoinLink::Equal && multiplying(&join.kind)).find_map(|join| {
            let now = repeats(join, Side::Head)?;
            let same = |old: &&JoinShape| old.right.tables == join.right.tables && old.link == JoinLink::Equal;
            let old = self.sides[0].iter().find(same)?;
            if repeats(old, Side::Base).is_some() {
                return None;
            }
            let line = words.head.locate(&join.span).line;
            Some(format!("join on {} at line {line} {}", join.right.keys.join(", "), matches(&now)))
        })
    }
}

/// Kinds of joins that can give a row of the left side more than once.
pub(super) fn multiplying(kind: &str) -> bool {
    !matches!(kind, "semi" | "anti" | "right semi" | "right anti" | "asof")
}

/// `matches 150 of 300 keys more than once (up to 2 times)`.
pub(super) fn matches(profile: &Profile) -> String {
    let n = |x: f64| thousands(x as u64);
    format!(
        "matches {} of {} keys more than once (up to {} times)",
        n(profile.repeated),
        n(profile.shared),
        n(profile.times)
    )
}
