//! Exactly one statement, and it only reads.

use crate::finding::Finding;
use crate::gates::texts::Text;
use crate::gates::{Change, Context};
use crate::project::ProjectKind;
use crate::sql::{self, Dialect, StatementInfo, StatementKind};
use anyhow::{Result, anyhow};

pub(super) fn check(text: &Text<'_>, change: &Change<'_>, cx: &Context<'_>) -> Result<Vec<Finding>> {
    let dialect = cx.head.project.dialect;
    let statements = sql::statements(text.sql, dialect).map_err(|e| anyhow!("SQL not parsed: {e}"))?;
    let before = base_verbs(change, text.incremental, cx.base.project.dialect);
    let mut findings = Vec::new();
    if statements.is_empty() {
        findings.push(empty(text));
    }
    if let [_, second, ..] = statements.as_slice() {
        let verbs: Vec<&str> = statements.iter().map(|s| s.verb.as_str()).collect();
        let message = format!("{} statements instead of one ({}){}", verbs.len(), verbs.join("; "), text.which());
        let help = "keep one query; a model that runs more can change the warehouse unseen";
        let finding = Finding::new("safety/several-statements", message, help).at(text.place(&second.span));
        findings.push(finding.evidence("statements", verbs));
    }
    for statement in &statements {
        findings.extend(not_read_only(statement, text, cx));
    }
    // A model that was the same kind of thing on base is not this pull request's doing.
    let now: Vec<String> = statements.iter().map(signature).collect();
    if before.as_ref() == Some(&now) {
        findings.clear();
    }
    Ok(findings)
}

fn signature(statement: &StatementInfo) -> String {
    format!("{} {} {}", statement.verb, statement.target.as_deref().unwrap_or_default(), statement.read_only)
}

fn base_verbs(change: &Change<'_>, incremental: bool, dialect: Dialect) -> Option<Vec<String>> {
    let texts = Text::all(change.base?).ok()?;
    let text = texts.iter().find(|t| t.incremental == incremental)?;
    Some(sql::statements(text.sql, dialect).ok()?.iter().map(signature).collect())
}

fn empty(text: &Text<'_>) -> Finding {
    let help = "write a query; an empty model builds nothing";
    let place = crate::finding::Location::file(&text.model.path);
    Finding::new("safety/not-a-query", format!("no statement at all{}", text.which()), help).at(place)
}

fn not_read_only(statement: &StatementInfo, text: &Text<'_>, cx: &Context<'_>) -> Option<Finding> {
    let place = text.place(&statement.span);
    if statement.kind == StatementKind::Query {
        let help = "a model may only read: remove the part that writes";
        let message = format!("the query writes (data-modifying CTE or SELECT INTO){}", text.which());
        return (!statement.read_only).then(|| Finding::new("safety/writes", message, help).at(place));
    }
    // In a folder of SQL files `create table x as query` is how a relation is defined.
    let defines = statement.kind == StatementKind::Create
        && cx.head.project.kind == ProjectKind::Sql
        && cx.head.analysis(&text.model.unique_id).is_ok();
    if defines {
        return None;
    }
    let target = statement.target.as_deref().map(|t| format!(" on `{t}`")).unwrap_or_default();
    let verb = statement.verb.to_uppercase();
    let message = format!("{verb}{target} is no query{}", text.which());
    let help = "a model is one SELECT; the build would run this statement with the warehouse rights of dbt";
    Some(Finding::new("safety/not-a-query", message, help).at(place).evidence("statement", verb))
}
