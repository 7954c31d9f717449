//! The human rules on a terminal.

use crate::audit::review::{Judgement, WindowState};
use crate::output::escape::terminal as line;

/// Seats, windows, findings and whoever does not count, a line each.
pub(super) fn terminal(judgement: &Judgement, number: u64) -> String {
    let mut text = format!("#{number}: {}: {}\n", judgement.verdict.word(), line(&judgement.summary));
    for seat in &judgement.seats {
        let person = seat.person.as_deref().map_or_else(|| "nobody yet".to_owned(), line);
        text.push_str(&format!("  {}: {person}\n", line(&seat.role)));
    }
    for window in &judgement.windows {
        let state = match window.state {
            WindowState::Open => "open",
            WindowState::Closed => "closed",
            WindowState::Overridden => "lifted",
            WindowState::Unknown => "unknown",
        };
        let opens = window.opens.as_deref().map(|o| format!(", opens {}", line(o))).unwrap_or_default();
        text.push_str(&format!("  merge window {}: {state}{opens}\n", line(&window.name)));
    }
    if let Some(rollback) = &judgement.rollback {
        let due = rollback.due.as_deref().map(|d| format!(", due {}", line(d))).unwrap_or_default();
        text.push_str(&format!("  rollback within {}{due}\n", line(&rollback.sla)));
    }
    for finding in &judgement.findings {
        text.push_str(&format!(
            "  {}: {}\n      help: {}\n",
            finding.rule,
            line(&finding.message),
            line(&finding.help)
        ));
    }
    for one in &judgement.excluded {
        text.push_str(&format!("  {} {}, which does not count: {}\n", line(&one.person), one.said, line(&one.reason)));
    }
    text
}
