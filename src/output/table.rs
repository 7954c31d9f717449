//! The report on a terminal: a table of models and gates, then every finding with its source line underlined.

use super::Sources;
use super::escape::terminal;
use super::excerpt::excerpt;
use super::overview::{self, closing, gates, reasons, rows, severity_word, short_sha, symbol};
use crate::finding::{Finding, Severity};
use crate::report::{Report, Verdict};
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

/// How to show a report on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether to colour.
    pub color: bool,
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to show the evidence of findings and of what passed.
    pub verbose: bool,
}

/// The whole report.
pub fn render(report: &Report, sources: Sources<'_>, options: &Options) -> String {
    let paint = Paint { on: options.color };
    let mut text = heading(report, paint);
    if report.changes.is_empty() && report.outcomes.is_empty() {
        text.push_str("\nno model changed between the two sides\n");
    } else {
        text.push_str(&format!("\n{}\n", table(report, options)));
    }
    for finding in &report.findings {
        text.push('\n');
        text.push_str(&block(finding, sources, options, paint));
    }
    text.push_str(&reason_lines(report, paint));
    if options.verbose {
        text.push_str(&evidence_lines(report, paint));
    }
    text.push_str(&notice_lines(report, paint));
    let last = closing(report);
    text.push_str(&format!("\n{}\n", paint.verdict(report.verdict, &last)));
    text
}

/// Colours, when they are asked for.
#[derive(Clone, Copy)]
struct Paint {
    on: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn verdict(self, verdict: Verdict, text: &str) -> String {
        self.with(
            match verdict {
                Verdict::Pass => "1;32",
                Verdict::Warn => "1;33",
                Verdict::Fail => "1;31",
                Verdict::Skip => "2",
                Verdict::Error => "1;35",
            },
            text,
        )
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        self.with(
            match severity {
                Severity::Error => "1;31",
                Severity::Warning => "1;33",
                Severity::Note => "1;36",
            },
            text,
        )
    }

    fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
}

fn heading(report: &Report, paint: Paint) -> String {
    let verdict = paint.verdict(report.verdict, &format!("{} {}", symbol(report.verdict), report.verdict.word()));
    let side = match report.policy.side.as_str() {
        "built-in" => String::new(),
        side => format!(" ({})", terminal(side)),
    };
    format!(
        "{verdict}  {}..{}  {} · {} · {}  policy {}{side}\n",
        terminal(short_sha(&report.base.sha)),
        terminal(short_sha(&report.head.sha)),
        terminal(&report.project.name),
        overview::plural(report.changes.len(), "changed model"),
        overview::finding_counts(report),
        terminal(&report.policy.path),
    )
}

/// The widest of three forms that fits: all columns; layer and change under the model; a list.
fn table(report: &Report, options: &Options) -> String {
    let gates = gates(report);
    let rows = rows(report, &gates);
    for form in [Form::Wide, Form::Stacked] {
        let table = build(&gates, &rows, options, form);
        if table.lines().all(|line| visible_width(&line) <= usize::from(options.width)) {
            return table.to_string();
        }
    }
    list(&gates, &rows, Paint { on: options.color })
}

/// Horizontal lines around the table and under its header, none between rows.
const LINES: &str = "  ── ══      ──    ";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Wide,
    Stacked,
}

fn build(gates: &[&str], rows: &[overview::Row<'_>], options: &Options, form: Form) -> Table {
    let mut table = Table::new();
    table.load_preset(match form {
        Form::Wide => LINES,
        Form::Stacked => presets::UTF8_HORIZONTAL_ONLY,
    });
    table.set_content_arrangement(ContentArrangement::Disabled);
    if options.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let head = |text: &str| Cell::new(text).add_attribute(Attribute::Bold);
    let mut header = match form {
        Form::Wide => vec![head("model"), head("layer"), head("change")],
        Form::Stacked => vec![head("model")],
    };
    header.extend(gates.iter().map(|gate| match form {
        Form::Wide => head(&terminal(gate)),
        Form::Stacked => head(&terminal(gate).replace('_', "_\n")),
    }));
    table.set_header(header);
    for row in rows {
        let mut cells = match form {
            Form::Wide => vec![terminal(row.model), terminal(row.layer), terminal(&row.change)],
            Form::Stacked => vec![[terminal(row.model), terminal(row.layer), terminal(&row.change)].join("\n")],
        };
        let cells = cells.drain(..).map(Cell::new).chain(row.verdicts.iter().map(|verdict| match verdict {
            Some(verdict) => cell(*verdict),
            None => Cell::new(""),
        }));
        table.add_row(cells);
    }
    table
}

/// Per model, the gates of each verdict, worst first.
fn list(gates: &[&str], rows: &[overview::Row<'_>], paint: Paint) -> String {
    let mut text = String::new();
    for row in rows {
        let about: Vec<String> =
            [row.layer, &row.change].iter().filter(|w| !w.is_empty()).map(|w| terminal(w)).collect();
        text.push_str(&format!("{}  {}\n", paint.bold(&terminal(row.model)), paint.faint(&about.join(", "))));
        for verdict in [Verdict::Error, Verdict::Fail, Verdict::Warn, Verdict::Skip, Verdict::Pass] {
            let pairs = gates.iter().zip(&row.verdicts).filter(|(_, v)| **v == Some(verdict));
            let named: Vec<String> = pairs.map(|(gate, _)| terminal(gate)).collect();
            if !named.is_empty() {
                let label = paint.verdict(verdict, &format!("{} {:<5}", symbol(verdict), verdict.word()));
                text.push_str(&format!("  {label}  {}\n", named.join(", ")));
            }
        }
    }
    text.trim_end().to_owned()
}

fn cell(verdict: Verdict) -> Cell {
    let cell = Cell::new(format!("{} {}", symbol(verdict), verdict.word()));
    match verdict {
        Verdict::Pass => cell.fg(Color::Green),
        Verdict::Warn => cell.fg(Color::Yellow),
        Verdict::Fail => cell.fg(Color::Red),
        Verdict::Skip => cell.fg(Color::DarkGrey),
        Verdict::Error => cell.fg(Color::Magenta),
    }
}

/// Characters of a line without colour codes.
fn visible_width(line: &str) -> usize {
    let mut width = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(|c| *c == 'm');
        } else {
            width += 1;
        }
    }
    width
}

fn block(finding: &Finding, sources: Sources<'_>, options: &Options, paint: Paint) -> String {
    let target = match &finding.column {
        Some(column) => format!("{}.{}", terminal(&finding.model), terminal(column)),
        None => terminal(&finding.model),
    };
    let label = format!("{}[{}]", severity_word(finding.severity), terminal(&finding.rule));
    let layer = if finding.layer.is_empty() { String::new() } else { format!(" ({})", terminal(&finding.layer)) };
    let mut text =
        format!("{} {}{}\n", paint.severity(finding.severity, &label), paint.bold(&target), paint.faint(&layer));
    text.push_str(&format!("  {}\n", terminal(&finding.message)));
    if let Some(location) = &finding.location {
        let place = format!("{}:{}:{}", terminal(&location.path), location.line, location.column);
        text.push_str(&format!("  {} {place}\n", paint.faint("-->")));
        let number_width = location.end_line.max(location.line).to_string().len();
        let room = usize::from(options.width).saturating_sub(number_width + 6);
        let found = sources(&location.path).and_then(|source| excerpt(&source, location, room));
        if let Some(found) = found {
            let bar = paint.faint(&format!("  {} |", " ".repeat(number_width)));
            for line in &found.lines {
                let number = paint.faint(&format!("  {:>number_width$} |", line.number));
                text.push_str(format!("{number} {}", line.text).trim_end());
                let marks = paint.severity(finding.severity, &"^".repeat(line.length));
                text.push_str(&format!("\n{bar} {}{marks}\n", " ".repeat(line.indent)));
            }
            if found.more > 0 {
                text.push_str(&format!("{bar} and {}\n", overview::plural(found.more as usize, "more line")));
            }
        }
    }
    if !finding.help.is_empty() {
        text.push_str(&format!("  {} {}\n", paint.bold("help:"), terminal(&finding.help)));
    }
    if options.verbose {
        for (key, value) in &finding.evidence {
            text.push_str(&format!("  {} {}: {}\n", paint.faint("evidence:"), terminal(key), terminal(&plain(value))));
        }
    }
    text
}

/// A JSON value without the quotes of a text.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn reason_lines(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for reason in reasons(report) {
        let label = format!("{} {}", symbol(reason.verdict), reason.verdict.word());
        let all = |names: &[&str]| names.iter().map(|n| terminal(n)).collect::<Vec<_>>().join(", ");
        text.push_str(&format!(
            "{} {} on {}: {}\n",
            paint.verdict(reason.verdict, &label),
            all(&reason.gates),
            all(&reason.models),
            terminal(reason.reason)
        ));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn evidence_lines(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for outcome in &report.outcomes {
        if matches!(outcome.verdict, Verdict::Error | Verdict::Skip) {
            continue;
        }
        let label = format!("{} {}", symbol(outcome.verdict), outcome.verdict.word());
        text.push_str(&format!(
            "{} {} on {}: {} {}\n",
            paint.verdict(outcome.verdict, &label),
            terminal(&outcome.gate),
            terminal(&outcome.model),
            terminal(&outcome.summary),
            paint.faint(&format!("({} ms)", outcome.ms)),
        ));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn notice_lines(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for notice in &report.notices {
        let label = paint.severity(notice.severity, &format!("{}:", severity_word(notice.severity)));
        let place = if notice.place.is_empty() { String::new() } else { format!("{}: ", terminal(&notice.place)) };
        text.push_str(&format!("{label} {place}{}\n", terminal(&notice.message)));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
