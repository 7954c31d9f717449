//! Hooks: what runs before and after the build, with its rights.

use super::Options;
use super::functions::danger;
use crate::finding::Finding;
use crate::gates::{Change, Context, not_compiled};
use crate::project::Hook;
use crate::sql::{self, Dialect, StatementKind};
use anyhow::anyhow;
use std::collections::BTreeSet;

/// Statements that hooks run for housekeeping, by their leading words.
pub(super) const ALLOWED: &[&str] = &[
    "select",
    "with",
    "values",
    "grant",
    "revoke",
    "analyze",
    "analyse",
    "vacuum",
    "comment",
    "explain",
    "set",
    "use",
    "optimize",
    "refresh",
    "checkpoint",
    "begin",
    "commit",
    "create index",
    "create unique index",
    "create nonclustered index",
    "create columnstore index",
    "create clustered columnstore index",
    "alter session",
    "alter warehouse",
];

/// Defects of the model's hooks that are new or changed against base, and why a hook could not be judged.
pub(super) fn check(change: &Change<'_>, cx: &Context<'_>, options: &Options) -> (Vec<Finding>, Option<anyhow::Error>) {
    let head = change.head.map(|m| m.hooks.as_slice()).unwrap_or_default();
    let base = change.base.map(|m| m.hooks.as_slice()).unwrap_or_default();
    compare(base, head, cx.head.project.dialect, options)
}

/// Defects of `head`'s hooks that `base` does not have, and why a hook could not be judged.
pub(super) fn compare(
    base: &[Hook],
    head: &[Hook],
    dialect: Dialect,
    options: &Options,
) -> (Vec<Finding>, Option<anyhow::Error>) {
    let mut findings = Vec::new();
    let mut unread = None;
    let before = known(base);
    for hook in head.iter().filter(|h| !before.contains(&identity(h))) {
        match &hook.sql {
            Ok(sql) => {
                findings.extend(judge(hook, sql, dialect, options));
                unread = unread.or_else(|| unreadable_query(hook, sql, dialect));
            }
            Err(reason) => unread = unread.or_else(|| Some(anyhow!("{} {}", hook.event, not_compiled(reason)))),
        }
    }
    (findings, unread)
}

/// A query calls functions: where it does not parse, nobody knows which. Housekeeping statements are judged by their
/// leading words, whether they parse or not.
fn unreadable_query(hook: &Hook, sql: &str, dialect: Dialect) -> Option<anyhow::Error> {
    let error = sql::functions(sql, dialect).err()?;
    let query =
        |piece: &str| matches!(leading_words(piece).first().map(String::as_str), Some("select" | "with" | "values"));
    let queries = without_comments(sql).split(';').any(query);
    queries.then(|| anyhow!("{} does not parse: {error} ({}:{})", hook.event, hook.place.path, hook.place.line.max(1)))
}

fn identity(hook: &Hook) -> (String, String) {
    let text = match &hook.sql {
        Ok(sql) => sql.split_whitespace().collect::<Vec<_>>().join(" "),
        Err(reason) => format!("? {}", reason.message),
    };
    (hook.event.clone(), text)
}

fn known(hooks: &[Hook]) -> BTreeSet<(String, String)> {
    hooks.iter().map(identity).collect()
}

fn judge(hook: &Hook, sql: &str, dialect: Dialect, options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (piece, writes) in pieces(sql, dialect) {
        let words = leading_words(&piece);
        let allowed = options.allowed_hook_statements.iter().any(|a| starts_with_words(&words, a));
        if words.is_empty() || (allowed && !writes) {
            continue;
        }
        let message = format!("{} runs `{}`", hook.event, clip(&one_line(&piece), 80));
        let help =
            "a hook runs with the rights of the build: remove the statement, or let the policy's owners allow it";
        let finding = Finding::new("safety/hook-writes", message, help).at(hook.place.location());
        findings
            .push(finding.evidence("event", hook.event.clone()).evidence("statement", clip(&one_line(&piece), 200)));
    }
    for call in sql::functions(sql, dialect).unwrap_or_default() {
        let permitted = options.allowed_functions.iter().any(|a| a.eq_ignore_ascii_case(&call.name));
        if let Some(what) = danger(&call, dialect).filter(|_| !permitted) {
            let message = format!("{}: `{}` {what}", hook.event, call.name);
            let help = "remove the call from the hook, or let the policy's owners allow the function";
            let finding = Finding::new("safety/file-or-network-function", message, help);
            findings.push(finding.at(hook.place.location()).evidence("event", hook.event.clone()));
        }
    }
    findings
}

/// The statements of a hook, each with whether a query among them writes. A text that the parser does not read is cut
/// at its semicolons, so that its leading words are judged all the same.
fn pieces(sql: &str, dialect: Dialect) -> Vec<(String, bool)> {
    let parsed = sql::statements(sql, dialect).unwrap_or_default();
    let whole = |s: &sql::StatementInfo| sql.get(s.span.start..s.span.end).filter(|t| !t.trim().is_empty());
    if !parsed.is_empty() && parsed.iter().all(|s| whole(s).is_some()) {
        let writes = |s: &sql::StatementInfo| s.kind == StatementKind::Query && !s.read_only;
        return parsed.iter().map(|s| (whole(s).unwrap_or_default().to_owned(), writes(s))).collect();
    }
    without_comments(sql).split(';').map(|piece| (piece.to_owned(), false)).collect()
}

/// The text without comments, strings emptied: enough to see where statements begin.
fn without_comments(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '-' if chars.peek() == Some(&'-') => {
                chars.by_ref().find(|c| *c == '\n');
                out.push(' ');
            }
            '/' if chars.peek() == Some(&'*') => {
                let mut previous = ' ';
                chars.by_ref().skip(1).find(|c| std::mem::replace(&mut previous, *c) == '*' && *c == '/');
                out.push(' ');
            }
            '\'' => {
                chars.by_ref().find(|c| *c == '\'');
                out.push_str("''");
            }
            c => out.push(c),
        }
    }
    out
}

fn leading_words(piece: &str) -> Vec<String> {
    let plain = without_comments(piece);
    let words = plain.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).filter(|w| !w.is_empty());
    words.take(8).map(str::to_lowercase).collect()
}

fn starts_with_words(words: &[String], allowed: &str) -> bool {
    let allowed: Vec<String> = allowed.split_whitespace().map(str::to_lowercase).collect();
    !allowed.is_empty() && words.starts_with(&allowed)
}

/// The piece without comments, on one line, strings emptied: nobody's secrets in a message.
fn one_line(piece: &str) -> String {
    without_comments(piece).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clip(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
