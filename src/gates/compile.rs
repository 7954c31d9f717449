//! `compile`: every name resolves, in the changed model and in what reads it.

mod columns;
mod downstream;
mod functions;
mod misuses;
mod names;
#[cfg(test)]
mod tests;

use super::texts::{Text, unchanged};
use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, options};
use crate::engine::Side;
use anyhow::{Result, anyhow};
use schemars::JsonSchema;
use serde::Deserialize;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "compile",
    summary: "Every ref, source, macro, var and column resolves; models downstream still bind",
    help: "Compiles the model as dbt would and binds every column reference against the relations of the head side, in \
           the full and in the incremental text. Then it asks whether everything downstream still finds the columns \
           that it reads. A reference into a relation whose columns are not known is never called wrong. Aggregates and \
           window functions must stand where they may, and functions be those of the dialect.",
    needs: Needs::Static,
    rules: RULES,
    build: |value| Ok(Box::new(Compile { options: options(value)? })),
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "compile/ref-not-found",
        what: "ref() names no model, seed or snapshot of the project.",
        help: "Correct the name, or add the model. A disabled model does not count.",
    },
    Rule {
        id: "compile/source-not-found",
        what: "source() names a table that no sources YAML declares.",
        help: "Correct the name, or declare the source.",
    },
    Rule {
        id: "compile/macro-not-found",
        what: "The template calls a macro that neither the project nor its packages define.",
        help: "Correct the name, or install the package that has it.",
    },
    Rule {
        id: "compile/var-not-set",
        what: "var() has neither a value nor a default.",
        help: "Give it a default, or set it in dbt_project.yml.",
    },
    Rule {
        id: "compile/compiler-error",
        what: "The project raised an error while compiling, or called something with wrong arguments.",
        help: "The message says what the project objects to.",
    },
    Rule {
        id: "compile/properties",
        what: "The properties YAML or project file of the model could not be read.",
        help: "Fix the YAML: until then its tests, tags and descriptions are not known.",
    },
    Rule {
        id: "compile/column-not-found",
        what: "A column is read that none of the relations in sight has.",
        help: "Correct the name, or add the column upstream.",
    },
    Rule {
        id: "compile/unknown-alias",
        what: "A qualifier names no relation in sight.",
        help: "Correct the alias, or join the relation.",
    },
    Rule {
        id: "compile/ambiguous-column",
        what: "More than one relation in sight has the column.",
        help: "Qualify it.",
    },
    Rule {
        id: "compile/column-count",
        what: "A set operation joins queries of different numbers of columns, or a column list is longer than its query.",
        help: "Give both sides the same columns, in the same order.",
    },
    Rule {
        id: "compile/misplaced-aggregate",
        what: "An aggregate stands in WHERE, ON or GROUP BY, which are decided before rows are grouped.",
        help: "Move the condition to HAVING, or aggregate in a CTE first.",
    },
    Rule {
        id: "compile/misplaced-window-function",
        what: "A window function stands in WHERE, ON, GROUP BY or HAVING, which are decided before windows are computed.",
        help: "Compute it in a CTE and filter there, or use QUALIFY where the dialect has it.",
    },
    Rule {
        id: "compile/nested-aggregate",
        what: "An aggregate is an argument of another aggregate.",
        help: "Aggregate in two steps: the inner one in a CTE.",
    },
    Rule {
        id: "compile/ungrouped-column",
        what: "A selected column of a grouped query is neither grouped nor aggregated.",
        help: "Add it to GROUP BY, or aggregate it.",
    },
    Rule {
        id: "compile/unknown-function",
        what: "The dialect has no built-in function of that name, but another dialect has, or one that is spelled much alike.",
        help: "Use the dialect's own function. One that you defined yourself: list it under `gates.compile.functions`.",
    },
    Rule {
        id: "compile/breaks-downstream",
        what: "A model downstream reads a column, or the model itself, that this change takes away.",
        help: "Keep the column until its readers have moved, or change them in the same pull request.",
    },
    Rule {
        id: "compile/stale-yaml",
        what: "Properties, a data test or a unit test name a column that this change takes away.",
        help: "Change the YAML with the SQL, or the test fails and the documentation lies.",
    },
];

/// Options of `compile`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Functions of your own, which no list of built-in functions has.
    functions: Vec<String>,
}

struct Compile {
    options: Options,
}

impl Gate for Compile {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(head) = change.head else { return Ok(downstream::removed(change, cx)) };
        if let Err(reason) = &head.compiled {
            return names::not_compiled(head, reason, cx);
        }
        let mut findings = downstream::check(change, cx);
        let mut open = Vec::new();
        let mut references = 0;
        let same_text = unchanged(change, cx.head.project.dialect);
        if head.csv.is_none() {
            for text in Text::all(head)? {
                let analysis = text.analysis(cx.head).map_err(|e| anyhow!("SQL not parsed: {e}"))?;
                references += analysis.reads.len() + analysis.unresolved.len();
                open.extend(analysis.open.iter().map(|id| cx.head.display_name(id)));
                findings.extend(columns::check(&text, &analysis, change, cx));
                if !same_text {
                    findings.extend(misuses::check(&text, change, cx));
                    findings.extend(functions::check(&text, &self.options.functions, cx));
                }
            }
        }
        open.sort();
        open.dedup();
        let readers = cx.side(Side::Head).downstream(&head.unique_id).len();
        let mut summary = match findings.len() {
            0 => format!("{references} column references resolve; {readers} models downstream still bind"),
            1 => "1 name does not resolve".to_owned(),
            n => format!("{n} names do not resolve"),
        };
        if !open.is_empty() {
            summary = format!("{summary}; columns of {} are not known", open.join(", "));
        }
        let checked = Checked::found(summary, columns::once(findings));
        Ok(checked.evidence("readers", readers).evidence("columns_not_known", open))
    }
}
