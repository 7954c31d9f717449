//! What the log of label events, which nobody can edit, says of one label.

use crate::history::{LabelEvent, MergedPull};
use jiff::Timestamp;

/// A label on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Labelled {
    /// It never was.
    Never,
    /// It is, since then; `None` = the log does not tell.
    Since(Option<Timestamp>),
    /// It was taken away again.
    Withdrawn(Timestamp),
}

impl Labelled {
    /// Whether the label is there.
    pub fn is_on(&self) -> bool {
        matches!(self, Labelled::Since(_))
    }
}

/// The state of a label; names of labels are the same in any case.
pub(super) fn labelled(pull: &MergedPull, label: &str) -> Labelled {
    let mut events: Vec<&LabelEvent> = pull.label_events.iter().filter(|e| same(&e.label, label)).collect();
    events.sort_by_key(|e| e.at);
    if pull.labels.iter().any(|l| same(l, label)) {
        // The first setting after the last time that it was taken away.
        let from = events.iter().rposition(|e| !e.set).map_or(0, |at| at + 1);
        return Labelled::Since(events.get(from).map(|e| e.at));
    }
    match events.iter().rfind(|e| !e.set) {
        Some(event) => Labelled::Withdrawn(event.at),
        None => Labelled::Never,
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, pull};
    use super::*;

    #[test]
    fn the_setting_in_force_counts() {
        let mut one = pull(1, "2026-07-01T00:00:00Z");
        let event = |set, day: u8| LabelEvent {
            label: "Rollback".into(),
            set,
            by: None,
            at: at(&format!("2026-07-{day:02}T00:00:00Z")),
        };
        assert_eq!(labelled(&one, "rollback"), Labelled::Never);
        one.label_events = vec![event(true, 3), event(false, 4)];
        assert_eq!(labelled(&one, "rollback"), Labelled::Withdrawn(event(false, 4).at));
        one.labels = vec!["rollback".into()];
        one.label_events.push(event(true, 9));
        assert_eq!(labelled(&one, "rollback"), Labelled::Since(Some(event(true, 9).at)));
        one.label_events.clear();
        assert_eq!(labelled(&one, "rollback"), Labelled::Since(None));
    }
}
