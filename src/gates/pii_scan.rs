//! `pii_scan`: personal data keeps its tags, wherever its values flow.

mod columns;
mod judge;
mod sources;
#[cfg(test)]
mod tests;

use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, not_compiled, options};
use crate::finding::{Finding, Severity};
use crate::pii::flow::Flow;
use crate::pii::tags::Vocabulary;
use anyhow::{Result, anyhow};
use columns::Side;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "pii_scan",
    summary: "A PII tag dropped, leaked downstream by lineage, or weakly masked; untagged PII by name",
    help: "Reads the tags of the project in every shape in use (`meta`, `config.meta`, tags, classification, policy \
           tags) and follows tagged values along column lineage, by what each function leaves of them: a count or a \
           length destroys the value, a keyed hash masks it, a hash without a key does so weakly, everything else \
           keeps it. Only what is worse than on the base side is a finding.",
    needs: Needs::Static,
    rules: RULES,
    build: |value| Ok(Box::new(PiiScan::new(options(value)?))),
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "pii_scan/tag-dropped",
        what: "A column that was tagged as personal data has lost its tag, under its own or a new name.",
        help: "Put the tag on the column as it is called now. Masking policies and access rules follow the tag.",
    },
    Rule {
        id: "pii_scan/leaked",
        what: "An untagged column carries the value of a tagged one.",
        help: "Tag the column, mask the value with a keyed hash or the project's masking function, or leave it out.",
    },
    Rule {
        id: "pii_scan/declassified",
        what: "A column that carries a tagged value is newly declared not personal.",
        help: "Take the declaration back, or have it waived by name, with a reason and an end date, in the policy.",
    },
    Rule {
        id: "pii_scan/weakly-masked",
        what: "An untagged column carries a tagged value that is only hashed without a key, or coarsened.",
        help: "Emails, phones and ids can be guessed and hashed: use a key (HMAC, salt), or tag the column.",
    },
    Rule {
        id: "pii_scan/untagged-name",
        what: "A new column has a name that says personal data and no tag.",
        help: "Tag it where it enters the project, or declare `pii: false` on it.",
    },
    Rule {
        id: "pii_scan/unknown-flow",
        what: "A tagged relation may reach the model in a way that lineage does not see.",
        help: "Name the columns instead of `*`, or declare the columns of the relation.",
    },
];

/// Options of `pii_scan`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// More keys of `meta` that say "personal data".
    tag_keys: Vec<String>,
    /// More tags that say "personal data"; each also as a prefix.
    tags: Vec<String>,
    /// Whether `tag_keys` and `tags` replace the built-in ones.
    replace: bool,
    /// The project's own masking functions: what they return needs no tag.
    masking_functions: Vec<String>,
    /// Whether new columns are judged by their names too.
    names: bool,
}

impl Default for Options {
    fn default() -> Self {
        let none = Vec::new;
        Self { tag_keys: none(), tags: none(), replace: false, masking_functions: none(), names: true }
    }
}

struct PiiScan {
    options: Options,
    words: Vocabulary,
}

impl PiiScan {
    fn new(options: Options) -> Self {
        let words = Vocabulary::new(&options.tag_keys, &options.tags, options.replace);
        Self { options, words }
    }
}

impl Gate for PiiScan {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(model) = change.head else { return Ok(Checked::skip("removed")) };
        if let Err(reason) = &model.compiled {
            return Err(anyhow!(not_compiled(reason)));
        }
        let masking = &self.options.masking_functions;
        let trace = |bound, id: &str| Flow::trace(bound, id, &self.words, masking);
        let head = Side::new(model, trace(cx.head, &model.unique_id))?;
        // A base that did not compile still says in YAML what is tagged.
        let base = change.base.map(|base| Side::lenient(base, trace(cx.base, &base.unique_id)));
        let mut findings = judge::columns(&head, base.as_ref(), cx);
        findings.extend(sources::check(&head, base.as_ref(), cx));
        findings.extend(unknown(&head, base.as_ref(), cx));
        if self.options.names {
            findings.extend(judge::names(&head, base.as_ref(), cx, &findings));
        }
        let tagged = head.names.iter().filter(|c| head.flow.marks.tagged(head.id(), c)).count();
        let carrying = head.names.iter().filter(|c| head.flow.taints(head.id(), c).next().is_some()).count();
        let summary = match findings.len() {
            0 => format!("{} columns: {tagged} tagged, {carrying} carry tagged values", head.names.len()),
            1 => "1 column of personal data is not covered".to_owned(),
            n => format!("{n} columns of personal data are not covered"),
        };
        let checked = Checked::found(summary, findings).evidence("columns", head.names.len());
        Ok(checked.evidence("tagged", tagged).evidence("carrying", carrying))
    }
}

/// Ways by which tagged values may come unseen, new against base.
fn unknown(head: &Side<'_>, base: Option<&Side<'_>>, cx: &Context<'_>) -> Vec<Finding> {
    let marks = &head.flow.marks;
    if marks.whole(head.id()).is_some() {
        return Vec::new();
    }
    let before: BTreeSet<_> = base.map(|b| b.flow.unseen(b.id()).cloned().collect()).unwrap_or_default();
    let covered = |column: &Option<String>| column.as_deref().is_some_and(|c| marks.tagged(head.id(), c));
    let fresh = head.flow.unseen(head.id()).filter(|u| !before.contains(*u) && !covered(&u.column));
    fresh
        .map(|unseen| {
            let relation = cx.head.display_name(&unseen.relation);
            let into = unseen.column.as_deref().map(|c| format!(" into `{c}`")).unwrap_or_default();
            let message = format!("personal data of {relation} may flow{into} unseen: {}", unseen.why);
            let help = "name the columns, or declare those of the relation, so that the flow can be followed";
            let mut finding = Finding::new("pii_scan/unknown-flow", message, help).severity(Severity::Warning);
            finding.column = unseen.column.clone();
            finding.at(head.place(unseen.column.as_deref().unwrap_or_default())).evidence("relation", relation)
        })
        .collect()
}
