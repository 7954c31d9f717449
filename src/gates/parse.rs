//! `parse`: the Jinja and the SQL of a model parse in the project's dialect.

use super::texts::Text;
use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, not_compiled, options};
use crate::engine::Cell;
use crate::finding::{Finding, Location, Severity};
use crate::project::{Model, NotCompiledCode};
use crate::sql::{self, Dialect, SqlError, StatementInfo, StatementKind};
use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "parse",
    summary: "Jinja and SQL parse in the target dialect",
    help: "Renders the model's template and parses what it compiles to, for the full build and for the incremental \
           run. SQL that only a permissive dialect reads passes and is said so. Where DuckDB is at hand it has the \
           last word on DuckDB SQL that our parser refuses.",
    needs: Needs::Static,
    rules: &[
        Rule {
            id: "parse/jinja-syntax",
            what: "The template is not valid Jinja.",
            help: "Fix the template at the line named; the model cannot be compiled, so nothing else about it is known.",
        },
        Rule {
            id: "parse/sql-syntax",
            what: "The compiled SQL does not parse in the project's dialect.",
            help: "Fix the SQL at the place named. If it is valid in your warehouse, check that the project's dialect \
                   is the right one.",
        },
        Rule {
            id: "parse/lineage-unknown",
            what: "The SQL is valid, but our parser cannot read it, so that no lineage is known.",
            help: "The gates that need lineage cannot judge this model. Write the construct another way, or report it.",
        },
    ],
    build: |value| Ok(Box::new(Parse { _options: options(value)? })),
    options: || schemars::schema_for!(Options),
};

/// Options of `parse`: there are none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {}

struct Parse {
    _options: Options,
}

impl Gate for Parse {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(head) = change.head else { return Ok(Checked::skip("removed")) };
        if head.csv.is_some() {
            return Ok(Checked::pass("a seed: no SQL to parse"));
        }
        if let Err(reason) = &head.compiled {
            let message = reason.message.clone();
            if reason.code != NotCompiledCode::JinjaSyntax {
                return Ok(Checked::skip(format!("the template parses; its SQL is {}", not_compiled(reason))));
            }
            let help = "fix the template; nothing else about this model can be checked until it renders";
            let finding = Finding::new("parse/jinja-syntax", message, help).at(reason.place.location());
            return Ok(Checked::found("the template does not parse", vec![finding]));
        }
        let mut findings = Vec::new();
        let mut generic = false;
        let texts = Text::all(head)?;
        for text in &texts {
            match text.analysis(cx.head) {
                Ok(analysis) => generic |= analysis.generic_dialect,
                Err(error) => findings.extend(refused(text, &error, change.base, cx)),
            }
        }
        let dialect = cx.head.project.dialect.name();
        let lines: usize = texts.iter().map(|t| t.sql.lines().count()).sum();
        let summary = match (findings.is_empty(), generic) {
            (false, _) => format!("not valid {dialect} SQL"),
            (true, false) => format!("{lines} lines of {dialect} SQL parse"),
            (true, true) => format!("{lines} lines parse, but only with the permissive dialect (not as {dialect})"),
        };
        Ok(Checked::found(summary, findings).evidence("dialect", dialect).evidence("generic_dialect", generic))
    }
}

fn refused(text: &Text<'_>, error: &SqlError, base: Option<&Model>, cx: &Context<'_>) -> Option<Finding> {
    let place = match &error.span {
        Some(span) if span.line > 0 => text.place(span),
        _ => Location::file(&text.model.path),
    };
    // Text that parses and is not one query is what `safety` is for.
    let statements = sql::statements(text.sql, cx.head.project.dialect);
    let one_query = |all: &[StatementInfo]| matches!(all, [one] if one.kind == StatementKind::Query);
    if statements.as_ref().is_ok_and(|all| !one_query(all)) {
        return None;
    }
    if statements.is_ok() || duckdb_accepts(text.sql, cx) {
        let message = format!("valid SQL{}, but its lineage is unknown: {}", text.which(), error.message);
        let help = "gates that need lineage cannot judge this model: write the construct another way, or report it";
        return Some(Finding::new("parse/lineage-unknown", message, help).severity(Severity::Warning).at(place));
    }
    let dialect = cx.head.project.dialect.name();
    let help = format!("fix the SQL here; if it is valid for your warehouse, check that the dialect is {dialect}");
    let finding = Finding::new("parse/sql-syntax", format!("{}{}", error.message, text.which()), help).at(place);
    if already_refused(base, text.incremental, error, cx) {
        return Some(finding.severity(Severity::Warning).evidence("on_base", "the same error"));
    }
    Some(finding)
}

/// Whether the base text was refused with the same words: then this pull request did not break it.
fn already_refused(base: Option<&Model>, incremental: bool, error: &SqlError, cx: &Context<'_>) -> bool {
    let Some(texts) = base.and_then(|model| Text::all(model).ok()) else { return false };
    let same = texts.iter().find(|t| t.incremental == incremental);
    same.is_some_and(|t| t.analysis(cx.base).is_err_and(|known| known.message == error.message))
}

/// Whether DuckDB's own parser takes the text as one query. The text is passed as a literal and never run.
fn duckdb_accepts(sql: &str, cx: &Context<'_>) -> bool {
    let Ok(data) = cx.data else { return false };
    if cx.head.project.dialect != Dialect::DuckDb || data.engine().dialect() != Dialect::DuckDb {
        return false;
    }
    let literal = sql.replace('\'', "''");
    let asked = format!("select json_extract_string(json_serialize_sql('{literal}'), '$.error') as error");
    let Ok(answer) = data.engine().query(&asked) else { return false };
    matches!(answer.rows.first().and_then(|r| r.first()), Some(Cell::Text(word)) if word == "false")
}

#[cfg(test)]
mod tests {
    use crate::gates::fixture::{Shop, assert_found, found, judge, shop};
    use crate::project::NotCompiledCode;
    use serde_json::json;

    fn base() -> Shop {
        shop().model("m", "select 1 as a")
    }

    #[test]
    fn sql_that_parses_and_sql_that_does_not() {
        let good = base().model("m", "select 1 as a,\n  2 as b");
        let checked = judge("parse", &base(), &good, "m", json!({})).unwrap();
        assert_eq!((checked.findings.len(), checked.summary.as_str()), (0, "2 lines of duckdb SQL parse"));
        let two = base().model("m", "select 1 as a; drop table x");
        assert_found(&found("parse", &base(), &two, "m"), &[]);
        let bad = base().model("m", "select 1 as a,\n  (2 as b");
        let checked = judge("parse", &base(), &bad, "m", json!({})).unwrap();
        assert_eq!(checked.findings[0].rule, "parse/sql-syntax");
        assert_eq!(checked.findings[0].location.as_ref().unwrap().line, 2);
    }

    #[test]
    fn the_incremental_text_is_parsed_too() {
        let head = base().edit("m", |m| {
            m.compiled.as_mut().unwrap().incremental_sql = Some("select (1 as a".into());
        });
        let found = found("parse", &base(), &head, "m");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("error sql-syntax") && found[0].ends_with("(incremental run)"), "{found:?}");
    }

    #[test]
    fn jinja_that_does_not_parse_and_what_is_others_to_tell() {
        let head = base().broken("m", NotCompiledCode::JinjaSyntax, "unexpected end of block", "");
        assert_found(&found("parse", &base(), &head, "m"), &["error jinja-syntax: unexpected end of block"]);
        let head = base().broken("m", NotCompiledCode::RefNotFound, "ref('x') names no model", "x");
        let checked = judge("parse", &base(), &head, "m", json!({})).unwrap();
        assert!(checked.skipped.unwrap().contains("not compiled: ref('x') names no model"));
        assert_eq!(
            judge("parse", &base(), &base().without("m"), "m", json!({})).unwrap().skipped.as_deref(),
            Some("removed")
        );
    }
}
