//! The budget on a terminal.

use super::piece::{Grid, Line, Part, Piece, Section};
use super::sections::{headline, sections, verdicts};
use super::words;
use crate::audit::budget::result::Budget;
use crate::output::escape::{clip, terminal};
use crate::output::overview::short_sha;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// The narrowest terminal that is taken seriously: below it the tables would be columns of single letters.
const NARROWEST: usize = 40;
/// From here on a cell with a number and a rate is one line.
const ROOMY: u16 = 92;
/// Characters of a field.
const FIELD: usize = 120;
/// Characters of a sentence.
const SENTENCE: usize = 400;

/// Everything, in lines of at most `width` columns (40 at least).
pub fn table(budget: &Budget, width: usize) -> String {
    let width = u16::try_from(width.max(NARROWEST)).unwrap_or(u16::MAX);
    let overall = words::overall(budget);
    let mut text = wrapped(&format!("{} {}: {}", overall.sign, headline(budget), overall.word), width);
    text.push_str(&wrapped(&words::scope(budget), width));
    text.push('\n');
    let rows = verdicts(budget).into_iter().map(|(what, said)| [what.to_owned(), said]);
    text.push_str(&aligned(rows, width));
    for section in sections(budget) {
        text.push('\n');
        text.push_str(&one(&section, width));
    }
    text
}

fn one(section: &Section, width: u16) -> String {
    let mut text = format!("{}\n", section.title);
    for part in &section.parts {
        text.push_str(&match part {
            Part::Lines(lines) => aligned(lines.iter().map(|line| [String::new(), cell(line, width)]), width),
            Part::Grid(grid) => ruled(grid, width),
            Part::Note(note) => aligned([[String::new(), note.clone()]].into_iter(), width),
        });
    }
    text
}

fn cell(line: &Line, width: u16) -> String {
    line.0.iter().map(|part| piece(part, width)).collect()
}

fn piece(piece: &Piece, width: u16) -> String {
    match piece {
        Piece::Own(text) => (*text).to_owned(),
        Piece::Text(text) | Piece::Name(text) => terminal(&clip(text, FIELD)),
        Piece::Prose(text) => terminal(&clip(text, SENTENCE)),
        Piece::Commit(sha) => terminal(short_sha(sha)),
        Piece::Pulls(numbers) => numbers.iter().map(|n| format!("#{n}")).collect::<Vec<_>>().join(" "),
        Piece::Break => "\n".to_owned(),
        Piece::Soft if width < ROOMY => "\n".to_owned(),
        Piece::Soft => ", ".to_owned(),
    }
}

/// A table with lines above, below and under its header.
fn ruled(grid: &Grid, width: u16) -> String {
    let mut table = plain(presets::UTF8_HORIZONTAL_ONLY, width);
    table.load_preset("  ── ══      ──    ");
    table.set_header(grid.header.iter().copied());
    for row in &grid.rows {
        table.add_row(row.iter().map(|line| cell(line, width)));
    }
    for number in &grid.numbers {
        if let Some(column) = table.column_mut(*number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    shown(&table)
}

/// Two columns without lines: a word, and a text that is wrapped beside it.
fn aligned(rows: impl Iterator<Item = [String; 2]>, width: u16) -> String {
    let mut table = plain(presets::NOTHING, width);
    for row in rows {
        table.add_row(row.map(|text| text.split('\n').map(terminal).collect::<Vec<_>>().join("\n")));
    }
    shown(&table)
}

fn wrapped(text: &str, width: u16) -> String {
    let mut table = plain(presets::NOTHING, width);
    table.add_row([terminal(text)]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    shown(&table)
}

fn plain(preset: &str, width: u16) -> Table {
    let mut table = Table::new();
    table.load_preset(preset).force_no_tty().set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}

/// Without the blanks that fill up the last column.
fn shown(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
