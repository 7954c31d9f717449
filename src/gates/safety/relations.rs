//! Relations named directly in a dbt project.

use super::functions::matches_pattern;
use crate::finding::{Finding, Severity};
use crate::gates::texts::Text;
use crate::gates::{Change, Context};
use crate::sql;
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;

/// Relations of a text that came through neither `ref` nor `source`, and how many relations were looked at.
pub(super) fn check(
    text: &Text<'_>,
    change: &Change<'_>,
    cx: &Context<'_>,
    allowed: &[String],
) -> Result<(Vec<Finding>, usize)> {
    let project = &cx.head.project;
    let uses = sql::relations(text.sql, project.dialect).map_err(|e| anyhow!("SQL not parsed: {e}"))?;
    // Only dbt and Dataform have another way to name a relation; what Dataform may name is its own affair.
    if !project.is_dbt() {
        return Ok((Vec::new(), uses.len()));
    }
    let before = base_names(change, cx);
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for relation in &uses {
        let name = relation.parts.join(".");
        let id = cx.head.id_of(&relation.parts);
        let referenced = id.is_some_and(|id| text.model.depends_on.contains(id) || id == text.model.unique_id);
        let rendered = text.model.depends_on.iter().any(|id| {
            let source = project.sources.get(id).map(|s| &s.relation);
            let relation = project.models.get(id).map(|m| &m.relation).or(source);
            relation.is_some_and(|r| same_name(&r.rendered, &name))
        });
        let itself = same_name(&text.model.relation.rendered, &name);
        let folded = name.to_lowercase();
        let listed = allowed.iter().any(|pattern| matches_pattern(&pattern.to_lowercase(), &folded));
        if referenced || rendered || itself || listed || before.contains(&folded) || !seen.insert(folded) {
            continue;
        }
        let meant = id.map(|id| (id, cx.head.display_name(id)));
        let help = match &meant {
            Some((id, shown)) if project.sources.contains_key(*id) => {
                format!("write source('{}')", shown.replacen('.', "', '", 1))
            }
            Some((_, shown)) => format!("write ref('{shown}')"),
            None => "declare it as a source, or add it to `relations` of this gate in the policy".to_owned(),
        };
        let message = format!("`{name}` is named directly, not through ref() or source(){}", text.which());
        let finding = Finding::new("safety/direct-relation", message, help).severity(Severity::Warning);
        findings.push(finding.at(text.place(&relation.span)).evidence("relation", name));
    }
    Ok((findings, uses.len()))
}

fn same_name(rendered: &str, name: &str) -> bool {
    let plain: String = rendered.chars().filter(|c| !matches!(c, '"' | '`' | '[' | ']')).collect();
    plain.eq_ignore_ascii_case(name)
}

fn base_names(change: &Change<'_>, cx: &Context<'_>) -> BTreeSet<String> {
    let texts = change.base.and_then(|base| Text::all(base).ok()).unwrap_or_default();
    let uses = texts.iter().filter_map(|t| sql::relations(t.sql, cx.base.project.dialect).ok()).flatten();
    uses.map(|relation| relation.parts.join(".").to_lowercase()).collect()
}
