//! The picture of the page: boxes with their columns, and the lines between.

use super::drawing::{Drawing, End, Line, Row, Shape};
use super::layout::{Layout, Size, layout};
use super::{Lineage, Status};
use crate::output::escape::{clip, xml};
use std::collections::BTreeMap;

/// Height of a box's head, and of one column.
const HEAD: f64 = 30.0;
const ROW: f64 = 22.0;
/// Height under a title that has a note instead of columns.
const NOTE: f64 = 20.0;
/// Width of a character of the type that names are set in, at its size.
const CHARACTER: f64 = 7.4;
const TITLE_CHARACTER: f64 = 8.1;
/// Characters of a name.
const NAME: usize = 44;
/// Space around the picture.
const MARGIN: f64 = 24.0;

/// Numbers of what can be pointed at: boxes first, then rows.
pub(super) struct Numbers {
    rows: Vec<usize>,
}

impl Numbers {
    pub(super) fn of(drawing: &Drawing) -> Self {
        let mut next = drawing.shapes.len();
        let mut rows = Vec::new();
        for shape in &drawing.shapes {
            rows.push(next);
            next += shape.rows.len();
        }
        Self { rows }
    }

    fn of_end(&self, (shape, row): End) -> usize {
        row.map_or(shape, |row| self.rows[shape] + row)
    }
}

/// The picture. Columns of the tables below have the addresses `#c{relation}-{column}`, relations `#r{relation}`.
pub(super) fn svg(lineage: &Lineage, drawing: &Drawing) -> String {
    let sizes: Vec<Size> = drawing.shapes.iter().map(size).collect();
    let mut pairs: Vec<(usize, usize)> = drawing.lines.iter().map(|l| (l.from.0, l.to.0)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let laid = layout(&sizes, &pairs);
    let ways: BTreeMap<(usize, usize), usize> = pairs.iter().enumerate().map(|(at, pair)| (*pair, at)).collect();
    let numbers = Numbers::of(drawing);
    let (width, height) = (laid.width + MARGIN * 2.0, laid.height + MARGIN * 2.0);
    let mut text = format!(
        "<svg id=\"graph\" role=\"group\" aria-label=\"{}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n<g transform=\"translate({MARGIN} {MARGIN})\">\n<g class=\"lines\">\n",
        xml(&clip(&lineage.title(), 120)),
    );
    for line in &drawing.lines {
        let way = ways.get(&(line.from.0, line.to.0)).copied();
        text.push_str(&path(line, way, &laid, &sizes, drawing, &numbers));
    }
    text.push_str("</g>\n");
    for (at, shape) in drawing.shapes.iter().enumerate() {
        text.push_str(&shape_of(at, shape, sizes[at], laid.boxes[at], &numbers));
    }
    text.push_str("</g>\n</svg>\n");
    text
}

fn shown(name: &str) -> String {
    clip(name, NAME)
}

/// The words that stand at the right of a row.
fn word(status: Option<Status>, unresolved: bool) -> &'static str {
    match (status, unresolved) {
        (Some(Status::Added), true) => "added, unresolved",
        (Some(Status::Changed), true) => "changed, unresolved",
        (Some(status), _) => status.word(),
        (None, true) => "unresolved",
        (None, false) => "",
    }
}

fn size(shape: &Shape) -> Size {
    let wide = |text: &str| text.chars().map(|c| if c.is_ascii() { 1.0 } else { 1.9 }).sum::<f64>();
    let spaced = |text: &str, word: &str| wide(&shown(text)) + if word.is_empty() { 0.0 } else { wide(word) + 2.0 };
    let rows = shape.rows.iter().map(|r| spaced(&r.name, word(r.status, r.unresolved)) * CHARACTER);
    let title = spaced(&shape.title, word(shape.status, false)) * TITLE_CHARACTER;
    let note = if shape.rows.is_empty() { wide(&shape.note) * CHARACTER } else { 0.0 };
    let width = rows.fold(title.max(note), f64::max) + 26.0;
    let more = if shape.more > 0 { ROW } else { 0.0 };
    let body = if shape.rows.is_empty() { NOTE } else { shape.rows.len() as f64 * ROW + more + 6.0 };
    Size { width: width.clamp(120.0, 520.0), height: HEAD + body }
}

/// Height within the drawing of an end.
fn height_of((shape, row): End, laid: &Layout, drawing: &Drawing) -> f64 {
    let top = laid.boxes[shape].1;
    match row {
        Some(row) => top + HEAD + ROW * (row as f64 + 0.5),
        None if drawing.shapes[shape].rows.is_empty() => top + (HEAD + NOTE) / 2.0,
        None => top + HEAD / 2.0,
    }
}

fn path(
    line: &Line,
    way: Option<usize>,
    laid: &Layout,
    sizes: &[Size],
    drawing: &Drawing,
    numbers: &Numbers,
) -> String {
    let mut x = laid.boxes[line.from.0].0 + sizes[line.from.0].width;
    let mut y = height_of(line.from, laid, drawing);
    let mut d = format!("M{x:.1} {y:.1}");
    let mut curve = |to_x: f64, to_y: f64, x: &mut f64, y: &mut f64| {
        let middle = (*x + to_x) / 2.0;
        d.push_str(&format!("C{middle:.1} {y:.1} {middle:.1} {to_y:.1} {to_x:.1} {to_y:.1}"));
        (*x, *y) = (to_x, to_y);
        d.len()
    };
    for passage in way.and_then(|way| laid.ways.get(way)).into_iter().flatten() {
        curve(passage.left, passage.y, &mut x, &mut y);
        curve(passage.right, passage.y, &mut x, &mut y);
    }
    curve(laid.boxes[line.to.0].0, height_of(line.to, laid, drawing), &mut x, &mut y);
    let class = match (line.status, line.value) {
        (Some(status), _) => status.word(),
        (None, true) => "value",
        (None, false) => "other",
    };
    let (from, to) = (numbers.of_end(line.from), numbers.of_end(line.to));
    format!("<path class=\"{class}\" data-a=\"{from}\" data-b=\"{to}\" d=\"{d}\"/>\n")
}

fn shape_of(at: usize, shape: &Shape, size: Size, (x, y): (f64, f64), numbers: &Numbers) -> String {
    let (width, height) = (size.width, size.height);
    let status = shape.status.map(|s| format!(" {}", s.word())).unwrap_or_default();
    let focus = if shape.focus { " asked" } else { "" };
    let mut text = format!("<g class=\"box {}{status}{focus}\" transform=\"translate({x:.1} {y:.1})\">\n", shape.kind);
    text.push_str(&format!("<rect class=\"frame\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>\n"));
    let said = word(shape.status, false);
    let about = format!("{} {} {said}", shape.title, shape.note);
    let mark = if said.is_empty() { String::new() } else { mark(width, 20.0, said) };
    let note = if shape.rows.is_empty() {
        format!("<text class=\"note\" x=\"12\" y=\"40\">{}</text>", xml(&clip(&shape.note, NAME)))
    } else {
        String::new()
    };
    let head = format!(
        "<rect class=\"hit\" width=\"{width:.1}\" height=\"{HEAD}\" rx=\"7\"/>\
         <text class=\"title\" x=\"12\" y=\"20\">{}</text>{mark}{note}",
        xml(&shown(&shape.title)),
    );
    let address = shape.relation.map(|relation| format!("#r{relation}"));
    text.push_str(&pointed(at, &head, address, &about));
    for (row, r) in shape.rows.iter().enumerate() {
        let top = HEAD + ROW * row as f64;
        text.push_str(&row_of(shape, r, width, top, numbers.rows[at] + row));
    }
    if shape.more > 0 {
        let y = HEAD + ROW * (shape.rows.len() as f64 + 0.5) + 4.0;
        text.push_str(&format!("<text class=\"note\" x=\"12\" y=\"{y:.1}\">and {} more columns</text>\n", shape.more));
    }
    text.push_str("</g>\n");
    text
}

fn row_of(shape: &Shape, row: &Row, width: f64, top: f64, number: usize) -> String {
    let said = word(row.status, row.unresolved);
    let mark = if said.is_empty() { String::new() } else { mark(width, top + 15.5, said) };
    let mut class = String::from("row");
    class.push_str(&row.status.map(|s| format!(" {}", s.word())).unwrap_or_default());
    class.push_str(if row.focus { " asked" } else { "" });
    let about = format!("{}.{} {said}", shape.title, row.name);
    let inner = format!(
        "<g class=\"{class}\"><rect class=\"hit\" x=\"2\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{ROW}\" rx=\"4\"/>\
         <text x=\"12\" y=\"{:.1}\">{}</text>{mark}</g>",
        width - 4.0,
        top + 15.5,
        xml(&shown(&row.name)),
    );
    let address = shape.relation.map(|at| format!("#c{at}-{}", row.column));
    pointed(number, &inner, address, &about)
}

fn mark(width: f64, y: f64, said: &str) -> String {
    format!("<text class=\"mark\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{said}</text>", width - 10.0)
}

/// Something that the pointer and the keyboard can be at. Its title is its name to those who do not see it: a label beside
/// the texts would have to repeat them word by word.
fn pointed(number: usize, inner: &str, address: Option<String>, about: &str) -> String {
    let label = xml(&clip(about.trim(), 300));
    match address {
        Some(address) => {
            format!(
                "<a class=\"at\" data-n=\"{number}\" href=\"{address}\" data-name=\"{label}\"><title>{label}</title>{inner}</a>\n"
            )
        }
        None => format!(
            "<g class=\"at\" data-n=\"{number}\" tabindex=\"0\" role=\"img\" data-name=\"{label}\"><title>{label}</title>{inner}</g>\n"
        ),
    }
}
