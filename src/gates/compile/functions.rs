//! Functions that the dialect does not have. Anybody may define functions, so this is a warning, and only where the
//! name is one of another dialect, or spelled much like one of this.

use crate::finding::{Finding, Severity};
use crate::gates::Context;
use crate::gates::texts::Text;
use crate::nearest::hint;
use crate::project::Project;
use crate::sql::{self, Dialect};
use std::collections::BTreeSet;

/// Unknown functions of one text. `own`: functions that the policy lists.
pub(super) fn check(text: &Text<'_>, own: &[String], cx: &Context<'_>) -> Vec<Finding> {
    let dialect = cx.head.project.dialect;
    let Ok(uses) = sql::functions(text.sql, dialect) else { return Vec::new() };
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for one in &uses {
        let name = one.name.as_str();
        // A qualified name is somebody's own function, or of a catalog that no list has.
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || sql::is_builtin(dialect, name) != Some(false) || !told.insert(name) {
            continue;
        }
        let elsewhere: Vec<&str> = sql::dialects_with(name).into_iter().map(Dialect::name).collect();
        let meant = meant(name, dialect);
        if elsewhere.is_empty() && meant.is_none() {
            continue;
        }
        if own.iter().any(|known| known.eq_ignore_ascii_case(name)) || defines(text.sql, name) || theirs(name, cx) {
            continue;
        }
        let why = match elsewhere.as_slice() {
            [] => format!("{} has no function `{name}`", dialect.name()),
            known => format!("function `{name}` is known in {}, not in {}", listed(known), dialect.name()),
        };
        let message = format!("{why}{}{}", hint(meant), text.which());
        let help = "use the dialect's own function; one of your own belongs under `gates.compile.functions`";
        let finding = Finding::new("compile/unknown-function", message, help).severity(Severity::Warning);
        findings.push(finding.at(text.place(&one.span)).evidence("function", name).evidence("known_in", elsewhere));
    }
    findings
}

fn listed(names: &[&str]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => format!("{first}, {second}, {third} and others"),
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The built-in function of which the name is a slip of the pen: one letter, or two in a long name.
fn meant(name: &str, dialect: Dialect) -> Option<&'static str> {
    let slips = match name.len() {
        0..5 => return None,
        5..10 => 1,
        _ => 2,
    };
    let near = sql::builtins(dialect).filter(|known| known.len().abs_diff(name.len()) <= slips);
    let rated = near.map(|known| (strsim::damerau_levenshtein(name, known), known));
    rated.filter(|(distance, _)| *distance <= slips).min().map(|(_, known)| known)
}

/// Whether the project defines the function, or called it before this change: then the database has it.
fn theirs(name: &str, cx: &Context<'_>) -> bool {
    let models = cx.base.project.models.values().filter_map(|model| model.compiled.as_ref().ok());
    let mut texts = models.flat_map(|one| std::iter::once(&one.sql).chain(&one.incremental_sql));
    texts.any(|sql| calls(sql, name)) || [cx.base, cx.head].iter().any(|side| in_hooks(&side.project, name))
}

fn in_hooks(project: &Project, name: &str) -> bool {
    let hooks = project.hooks.iter().chain(project.models.values().flat_map(|model| &model.hooks));
    hooks.filter_map(|hook| hook.sql.as_ref().ok()).any(|sql| defines(sql, name))
}

/// Whether a text creates functions and has the name with an opening bracket after it.
fn defines(sql: &str, name: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    lower.contains("create") && (lower.contains("function") || lower.contains("macro")) && calls(sql, name)
}

/// Whether a text has the name with an opening bracket after it.
fn calls(sql: &str, name: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    lower.match_indices(name).any(|(at, _)| {
        let before = lower[..at].chars().next_back();
        let after = lower[at + name.len()..].trim_start_matches(['"', '`', ' ', '\t', '\n']);
        !before.is_some_and(word) && after.starts_with('(')
    })
}
