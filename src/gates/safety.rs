//! `safety`: a model is exactly one read-only query that stays inside the project's relations.

mod functions;
mod hooks;
mod relations;
mod secrets;
mod statements;
#[cfg(test)]
mod tests;

use super::texts::Text;
use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, options};
use crate::finding::Finding;
use crate::project::NotCompiledCode;
use crate::sql::{self, Dialect, StatementKind};
use anyhow::{Result, anyhow, bail};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "safety",
    summary: "One read-only statement; no writes in hooks, no files, network or secrets, relations through ref and source",
    help: "Reads the compiled text of the model (full and incremental), its hooks and the project's hooks. What the \
           base side already did is not reported again.",
    needs: Needs::Static,
    rules: RULES,
    build: |value| Ok(Box::new(Safety { options: options(value)? })),
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "safety/several-statements",
        what: "The model is more than one statement.",
        help: "A model is one query. Move anything else into its own model, or into a reviewed hook or macro.",
    },
    Rule {
        id: "safety/not-a-query",
        what: "The model's statement is no query (DDL, DML or a command), or there is none.",
        help: "Write a SELECT; dbt makes the table. Anything else runs with the warehouse rights of the build.",
    },
    Rule {
        id: "safety/writes",
        what: "The query writes: a data-modifying CTE or SELECT INTO.",
        help: "A model must only read. Remove the writing part.",
    },
    Rule {
        id: "safety/hook-writes",
        what: "A new or changed hook runs DDL, DML or a command outside the allowed list.",
        help: "Remove the statement from the hook, or let the owners of the policy add it to \
               `gates.safety.allowed_hook_statements`.",
    },
    Rule {
        id: "safety/file-or-network-function",
        what: "The SQL reads files, the network, the environment or another system, or loads code.",
        help: "Declare the data as a source or a seed. If the function is needed, let the owners of the policy add it \
               to `gates.safety.allowed_functions`.",
    },
    Rule {
        id: "safety/direct-relation",
        what: "A relation is named directly, not through ref() or source().",
        help: "Use ref() or source(): a name written out points at one environment and is invisible to lineage. \
               Exceptions go to `gates.safety.relations`.",
    },
    Rule {
        id: "safety/secret",
        what: "A new text in the file looks like a credential.",
        help: "Revoke it now: it is in the repository's history. Then take it from the environment or the profile.",
    },
    Rule {
        id: "safety/env-var",
        what: "The template reads an environment variable outside the allowlist.",
        help: "Use var(), or let the owners of the policy allow the variable.",
    },
];

/// Options of `safety`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Leading words of statements that hooks may run.
    allowed_hook_statements: Vec<String>,
    /// Functions that would be refused and are allowed here, by name.
    allowed_functions: Vec<String>,
    /// Relations that may be named directly, as written (`schema.table`); `*` stands for any text.
    relations: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allowed_hook_statements: hooks::ALLOWED.iter().map(|w| (*w).to_owned()).collect(),
            allowed_functions: Vec::new(),
            relations: vec!["information_schema.*".to_owned(), "*.information_schema.*".to_owned()],
        }
    }
}

struct Safety {
    options: Options,
}

impl Gate for Safety {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(head) = change.head else { return Ok(Checked::skip("removed")) };
        let mut findings = secrets::check(change);
        let (hooked, unread) = hooks::check(change, cx, &self.options);
        findings.extend(hooked);
        if head.csv.is_some() {
            return told(findings, "a seed: no SQL of its own".to_owned(), unread);
        }
        let texts = match (&head.compiled, Text::all(head)) {
            (Err(reason), _) if reason.code == NotCompiledCode::EnvNotAllowed => {
                let name = reason.name.as_deref().unwrap_or("a variable");
                let help = format!("use var() instead, or let the policy's owners allow `{name}`");
                let finding = Finding::new("safety/env-var", reason.message.clone(), help);
                findings.push(finding.at(reason.place.location()));
                return told(findings, "reads the environment".to_owned(), None);
            }
            (_, Ok(texts)) => texts,
            // What was found in the template and the hooks is not lost with the text.
            (_, Err(error)) => return told(findings, String::new(), Some(error)),
        };
        let mut unread = unread;
        let mut counted = (0, 0);
        for text in &texts {
            match self.text(text, change, cx) {
                Ok((found, relations, functions)) => {
                    counted = (counted.0.max(relations), counted.1.max(functions));
                    findings.extend(found);
                }
                Err(error) => unread = unread.or(Some(error)),
            }
        }
        let (relations, functions) = counted;
        let summary = format!("one read-only query; {relations} relations, {functions} function calls looked at");
        told(once(findings), summary, unread)
    }
}

impl Safety {
    fn text(&self, text: &Text<'_>, change: &Change<'_>, cx: &Context<'_>) -> Result<(Vec<Finding>, usize, usize)> {
        let mut findings = statements::check(text, change, cx)?;
        let (calls, functions) = functions::check(text, change, cx, &self.options.allowed_functions)?;
        findings.extend(calls);
        let mut relations = 0;
        // Only one query has relations to look at; several statements are refused as such.
        if findings.iter().all(|f| !f.rule.ends_with("several-statements") && !f.rule.ends_with("not-a-query")) {
            let (direct, count) = relations::check(text, change, cx, &self.options.relations)?;
            findings.extend(direct);
            relations = count;
        }
        Ok((findings, relations, functions))
    }
}

/// Judges the project's own hooks (`on-run-start`, `on-run-end`), which belong to no model, by the gate's options.
///
/// # Errors
/// Options that do not fit, or a hook that could not be rendered.
pub fn project_hooks(options: &Value, cx: &Context<'_>) -> Result<Checked> {
    let options: Options = super::options(options)?;
    let (base, head) = (&cx.base.project, &cx.head.project);
    let (findings, unread) = hooks::compare(&base.hooks, &head.hooks, head.dialect, &options);
    told(findings, format!("{} project hooks looked at", head.hooks.len()), unread)
}

/// Whether a text may run on the team's own warehouse: one query that only reads, and calls nothing that reaches beyond.
///
/// # Errors
/// Why not; also when the text cannot be read, because then nobody knows.
pub fn fit_for_a_warehouse(sql: &str, dialect: Dialect) -> Result<()> {
    let statements = sql::statements(sql, dialect).map_err(|e| anyhow!("it cannot be read as SQL: {e}"))?;
    match statements.as_slice() {
        [one] if one.kind == StatementKind::Query && one.read_only => {}
        [one] => bail!("`{}` does more than read", one.verb),
        several => bail!("it holds {} statements instead of one query", several.len()),
    }
    let calls = sql::functions(sql, dialect).map_err(|e| anyhow!("it cannot be read as SQL: {e}"))?;
    match calls.iter().find_map(|call| Some((call, functions::danger(call, dialect)?))) {
        Some((call, what)) => bail!("`{}` {what}", call.name),
        None => Ok(()),
    }
}

/// Findings win over what could not be read: a defect is known, whatever else is not.
fn told(findings: Vec<Finding>, summary: String, unread: Option<anyhow::Error>) -> Result<Checked> {
    match (findings.len(), unread) {
        (0, Some(error)) => Err(error),
        (0, None) => Ok(Checked::pass(summary)),
        (1, _) => Ok(Checked::found("1 unsafe thing", findings)),
        (n, _) => Ok(Checked::found(format!("{n} unsafe things"), findings)),
    }
}

/// The incremental text repeats most of the full one: the same words in the same place are one finding.
fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        if !kept.iter().any(|k| k.rule == finding.rule && k.message == finding.message) {
            kept.push(finding);
        }
    }
    kept
}
