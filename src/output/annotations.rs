//! The report as GitHub workflow commands: an annotation per finding, then a line that says how it ended.
//!
//! The runner reads every line of a step's output. Text of the report stands only in the data and the properties of
//! commands, encoded, so that it can start no command of its own.

use super::escape::{clip, lines, terminal};
use super::overview::{self, closing, plural, severity_word, worst_first};
use super::place::{Region, inside, of_notice};
use super::rule;
use crate::finding::{Finding, Severity};
use crate::report::{Notice, Report, Verdict};

/// Annotations of one kind that GitHub shows for a step.
const SHOWN: usize = 10;
/// Characters of a message.
const MESSAGE: usize = 4_000;
/// Characters of a title.
const TITLE: usize = 200;

/// One command per error of the run itself, reason of an undecided outcome, finding and notice, worst first, then the
/// closing line.
pub fn render(report: &Report) -> String {
    let (broken, told): (Vec<_>, Vec<_>) = report.notices.iter().partition(|n| n.severity == Severity::Error);
    let mut commands: Vec<Command> = broken.into_iter().map(of_a_notice).collect();
    commands.extend(undecided(report));
    commands.extend(worst_first(report).into_iter().map(of_a_finding));
    commands.extend(told.into_iter().map(of_a_notice));
    commands.sort_by_key(|command| std::cmp::Reverse(command.severity));
    let errors = commands.iter().any(|command| command.severity == Severity::Error);
    if matches!(report.verdict, Verdict::Fail | Verdict::Error | Verdict::Skip) && !errors {
        // A verdict without its reason is a defect of the report, and still no pass.
        commands.insert(0, Command::new(Severity::Error, "rowproof", &closing(report)));
    }
    let mut text: String = commands.iter().map(Command::line).collect();
    text.push_str(&last(report, &commands));
    text
}

/// One workflow command.
struct Command {
    severity: Severity,
    /// Property and value, not encoded yet.
    properties: Vec<(&'static str, String)>,
    message: String,
}

impl Command {
    fn new(severity: Severity, title: &str, message: &str) -> Self {
        let title = clip(&terminal(title), TITLE);
        Self { severity, properties: vec![("title", title)], message: clip(&lines(message), MESSAGE) }
    }

    fn at(mut self, path: &str, region: Region) -> Self {
        if !inside(path) {
            return self;
        }
        let mut place = vec![
            ("file", path.to_owned()),
            ("line", region.line.to_string()),
            ("endLine", region.end_line.to_string()),
        ];
        if let Some((first, last)) = region.within_line() {
            place.extend([("col", first.to_string()), ("endColumn", last.to_string())]);
        }
        place.append(&mut self.properties);
        self.properties = place;
        self
    }

    fn line(&self) -> String {
        let name = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let properties: Vec<String> = self.properties.iter().map(|(k, v)| format!("{k}={}", property(v))).collect();
        format!("::{name} {}::{}\n", properties.join(","), data(&self.message))
    }
}

fn of_a_finding(finding: &Finding) -> Command {
    let title = format!("{} on {}", finding.rule, overview::target(finding));
    let mut message = finding.message.clone();
    if let Some(why) = overview::suppressed(finding) {
        message.push_str(&format!("\nSuppressed: {why}"));
    }
    let todo = rule::to_do(finding);
    if !todo.is_empty() {
        message.push_str(&format!("\nWhat to do: {todo}"));
    }
    let command = Command::new(finding.severity, &title, &message);
    match &finding.location {
        Some(location) => command.at(&location.path, Region::of(location)),
        None => command,
    }
}

fn of_a_notice(notice: &Notice) -> Command {
    let title = if notice.place.is_empty() { "rowproof" } else { &notice.place };
    let command = Command::new(notice.severity, title, &notice.message);
    match of_notice(&notice.place) {
        Some((path, line)) => command.at(path, Region { line, end_line: line, columns: None }),
        None => command,
    }
}

/// What could not be decided: one command per reason, at the first model's file.
fn undecided(report: &Report) -> impl Iterator<Item = Command> {
    let all = overview::reasons(report).into_iter().filter(|r| r.verdict == Verdict::Error);
    all.map(|reason| {
        let models: Vec<&str> = reason.models.iter().take(20).copied().collect();
        let more = match reason.models.len() - models.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let title = format!("{} could not decide", reason.gates.join(", "));
        let message = format!("{} on {}{more}", reason.reason, models.join(", "));
        let command = Command::new(Severity::Error, &title, &message);
        match report.changes.iter().find(|c| reason.models.first() == Some(&c.model.as_str())) {
            Some(change) => command.at(&change.path, Region { line: 1, end_line: 1, columns: None }),
            None => command,
        }
    })
}

/// What follows the commands: our own words and numbers only.
fn last(report: &Report, commands: &[Command]) -> String {
    let kinds = [Severity::Error, Severity::Warning, Severity::Note];
    let hidden: Vec<String> = kinds
        .into_iter()
        .filter_map(|kind| {
            let count = commands.iter().filter(|c| c.severity == kind).count();
            (count > SHOWN).then(|| plural(count - SHOWN, &format!("more {}", severity_word(kind))))
        })
        .collect();
    let mut text =
        format!("rowproof: {}: {}: {}\n", report.verdict.word(), overview::finding_counts(report), closing(report));
    if !hidden.is_empty() {
        text.push_str(&format!(
            "rowproof: GitHub shows {SHOWN} annotations of a kind; {} in this log only\n",
            hidden.join(", ")
        ));
    }
    text
}

/// The data of a command: it cannot end its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command: it cannot end its value either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
