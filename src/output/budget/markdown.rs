//! The budget for GitHub: a job summary or an issue. Within GitHub's length: what does not fit is counted.

use super::piece::{Grid, Line, Part, Piece, Section};
use super::sections::{headline, sections, verdicts};
use super::words;
use crate::audit::budget::result::{Budget, BudgetVerdict};
use crate::output::escape::{self, clip};
use crate::output::markdown::room;
use crate::output::overview::short_sha;

/// Bytes of the whole; GitHub takes 65,536 characters.
const BUDGET: usize = 60_000;
/// Characters of a field.
const FIELD: usize = 160;
/// Characters of the heading.
const HEADING: usize = 240;
/// Bytes of a field after it was escaped.
const ESCAPED: usize = 800;
/// Characters of the line that tells what was counted.
const SCOPE: usize = 600;
/// Pull requests of a line.
const PULLS: usize = 50;
/// Where the rest is.
const WHOLE: &str = "in the JSON";

/// Heading with the verdict, both rates, and the sections, of which some are there to unfold.
pub fn markdown(budget: &Budget) -> String {
    let overall = words::overall(budget);
    // Escaped as one: a colon of ours would make an emoji of a name that ends in one.
    let heading = format!("{}: {}", clip(&headline(budget), HEADING), overall.word);
    let mut text = format!("## {} {}\n\n", sign(overall.verdict), escape::markdown(&heading));
    for (what, said) in verdicts(budget) {
        let what = if what.is_empty() { String::new() } else { format!("**{what}** ") };
        text.push_str(&format!("- {what}{}\n", escape::markdown(&said)));
    }
    text.push_str(&format!("\n<sub>{}</sub>\n", escape::markdown(&clip(&words::scope(budget), SCOPE))));
    let sections = sections(budget);
    // Each section gets its share of what those before it left.
    let mut room = BUDGET.saturating_sub(text.len());
    for (i, section) in sections.iter().enumerate() {
        let part = one(section, room / (sections.len() - i));
        room = room.saturating_sub(part.len());
        text.push_str(&part);
    }
    text
}

fn sign(verdict: Option<BudgetVerdict>) -> &'static str {
    match verdict {
        Some(BudgetVerdict::Met) => "✅",
        Some(BudgetVerdict::Unproven) => "❓",
        Some(BudgetVerdict::Exceeded) => "❌",
        None => "➖",
    }
}

/// Bytes around a section.
const AROUND: usize = 120;

fn one(section: &Section, room: usize) -> String {
    let mut room = room.saturating_sub(AROUND);
    let mut body = String::new();
    for (i, part) in section.parts.iter().enumerate() {
        let share = (room / (section.parts.len() - i)).saturating_sub(room::COUNT / 4);
        let text = match part {
            Part::Lines(lines) => {
                format!("\n{}", room::list(lines.iter().map(|l| format!("- {}\n", cell(l))), share, "line", WHOLE))
            }
            Part::Grid(grid) => rows(grid, share),
            Part::Note(note) => format!("\n<sub>{}</sub>\n", escape::markdown(note)),
        };
        room = room.saturating_sub(text.len());
        body.push_str(&text);
    }
    match section.open {
        true => format!("\n### {}\n{body}", section.title),
        false => format!("\n<details><summary>{}</summary>\n{body}\n</details>\n", section.title),
    }
}

fn rows(grid: &Grid, room: usize) -> String {
    let rule = |i: usize| if grid.numbers.contains(&i) { "---:" } else { "---" };
    let rules: Vec<&str> = (0..grid.header.len()).map(rule).collect();
    let header = format!("| {} |\n| {} |\n", grid.header.join(" | "), rules.join(" | "));
    let row = |row: &Vec<Line>| format!("| {} |\n", row.iter().map(cell).collect::<Vec<_>>().join(" | "));
    room::rows(&header, grid.rows.iter().map(row), room, "row", WHOLE)
}

fn cell(line: &Line) -> String {
    line.0.iter().map(piece).collect()
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Own(text) => (*text).to_owned(),
        Piece::Commit(sha) => commit(sha),
        Piece::Text(text) => short(text, escape::markdown),
        Piece::Prose(text) => short(text, escape::markdown_prose),
        Piece::Name(text) => short(text, escape::markdown_code),
        Piece::Pulls(numbers) => pulls(numbers),
        Piece::Break => "<br>".to_owned(),
        Piece::Soft => ", ".to_owned(),
    }
}

/// GitHub links a commit's first digits by itself.
fn commit(sha: &str) -> String {
    match short_sha(sha) {
        short if short.len() < sha.len() => short.to_owned(),
        other => short(other, escape::markdown_code),
    }
}

/// GitHub links the numbers by itself.
fn pulls(numbers: &[u64]) -> String {
    let shown: Vec<String> = numbers.iter().take(PULLS).map(|n| format!("#{n}")).collect();
    match numbers.len().saturating_sub(PULLS) {
        0 => shown.join(" "),
        more => format!("{} and {more} more {WHOLE}", shown.join(" ")),
    }
}

/// Escaped, and cut off so far that no text full of signs takes the room of others.
fn short(text: &str, escape: fn(&str) -> String) -> String {
    let mut most = FIELD;
    loop {
        let escaped = escape(&clip(text, most));
        if escaped.len() <= ESCAPED || most < 20 {
            return escaped;
        }
        most /= 2;
    }
}
