//! The report as a pull request comment: verdict, table, findings to unfold, what they reach, numbers, reasons; within
//! GitHub's length. Where room is short, findings fold down to lines and then to counts; none is dropped in silence.

mod findings;
mod graph;
mod heading;
mod models;
mod numbers;
mod reasons;
pub(super) mod room;

use super::Sources;
use super::escape::markdown;
use super::overview::closing;
use crate::report::{Report, Verdict};

/// Bytes of the whole comment; GitHub takes 65,536 characters.
pub const BUDGET: usize = 60_000;
/// Bytes of the shorter form for a check run.
const BRIEF: usize = 30_000;

/// What stands around the report in a comment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame<'a> {
    /// Hidden first line(s), already safe (HTML comment).
    pub marker: &'a str,
    /// A line under the heading, ready Markdown, e.g. "reported by an unprivileged run".
    pub note: Option<&'a str>,
    /// Ready-made Markdown sections placed right after the table of models (human review, provenance). Never cut.
    pub sections: &'a [String],
    /// Where the whole report is: an URL that we made ourselves.
    pub link: Option<&'a str>,
}

/// The comment without a frame, of at most [`BUDGET`] bytes.
pub fn render(report: &Report, sources: Sources<'_>) -> String {
    render_framed(report, sources, &Frame::default())
}

/// The comment, of at most [`BUDGET`] bytes unless the frame's own parts alone are longer.
pub fn render_framed(report: &Report, sources: Sources<'_>, frame: &Frame<'_>) -> String {
    compose(report, Some(sources), frame, BUDGET)
}

/// The shorter form: findings as lines, without excerpts and evidence.
pub(super) fn brief(report: &Report, frame: &Frame<'_>) -> String {
    compose(report, None, frame, BRIEF)
}

/// Puts the parts together. Each gets a share of what the parts before it left; `sources` is `None` for the shorter
/// form.
fn compose(report: &Report, sources: Option<Sources<'_>>, frame: &Frame<'_>, budget: usize) -> String {
    let whole = whole(frame);
    let mut text = opening(report, frame);
    let closing = footer(report, frame);
    let mut sections = String::new();
    for section in frame.sections {
        sections.push_str(&format!("\n{}\n", section.trim_end()));
    }
    let fixed = text.len() + closing.len() + sections.len();
    let mut room = budget.saturating_sub(fixed);
    // Room for the lines that count what is left out, one for each part.
    room = room.saturating_sub(room::COUNT * 8);
    let mut take = |share: usize, part: &dyn Fn(usize) -> String| {
        let part = part(room / share);
        room = room.saturating_sub(part.len());
        part
    };
    let table = take(4, &|room| models::table(report, room, &whole));
    let undecided = take(5, &|room| reasons::undecided(report, room, &whole));
    let graph = take(7, &|room| graph::section(report, room));
    let numbers = take(6, &|room| numbers::section(report, room, &whole));
    let skipped = take(8, &|room| reasons::skipped(report, room, &whole));
    let notices = take(6, &|room| reasons::notices(report, room, &whole));
    let found = take(1, &|room| findings::section(report, sources, room, &whole));
    let evidence = match sources {
        Some(_) => take(1, &|room| reasons::evidence(report, room.min(10_000), &whole)),
        None => String::new(),
    };
    for part in [table, sections, undecided, found, graph, numbers, skipped, notices, evidence, closing] {
        text.push_str(&part);
    }
    text
}

/// Where what is left out can be found, in words.
fn whole(frame: &Frame<'_>) -> String {
    match frame.link {
        Some(link) if plain_url(link) => format!("in [the whole report]({link})"),
        _ => "in the report".to_owned(),
    }
}

/// We made the link ourselves; this only keeps a slip of ours from breaking the comment.
fn plain_url(link: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!&*+,;=%".contains(c);
    let web = link.starts_with("https://") || link.starts_with("http://");
    web && link.len() <= 300 && link.chars().all(allowed)
}

fn opening(report: &Report, frame: &Frame<'_>) -> String {
    let mut text = String::new();
    if !frame.marker.is_empty() {
        text.push_str(&format!("{}\n", frame.marker.trim_end()));
    }
    text.push_str(&heading::heading(report));
    if let Some(note) = frame.note {
        text.push_str(&format!("\n{}\n", note.trim_end()));
    }
    text
}

fn footer(report: &Report, frame: &Frame<'_>) -> String {
    let link = match frame.link {
        Some(link) if plain_url(link) => format!(" · [whole report]({link})"),
        _ => String::new(),
    };
    format!("\n<sub>{}{link}</sub>\n", heading::tool(report))
}

/// The coloured sign of a verdict; a legend or the word stands beside it.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Warn => "⚠️",
        Verdict::Fail => "❌",
        Verdict::Skip => "➖",
        Verdict::Error => "❓",
    }
}

/// The summary line, shared by heading and check run.
fn summary_line(report: &Report) -> String {
    markdown(&closing(report))
}
