//! Functions that a text calls, for safety rules.

use std::ops::ControlFlow;

use serde::Serialize;
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Spanned, TableFactor, Value,
    Visit, Visitor,
};
use sqlparser::tokenizer::TokenWithSpan;

use super::expr::function_name;
use super::parse::{on_big_stack, parse, string_table_span};
use super::span::TextIndex;
use super::{Dialect, Span, SqlError};

/// One call of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionUse {
    /// Its name, lower-case, dotted if qualified; `<file>` for a string in the place of a table.
    pub name: String,
    /// It stands in FROM.
    pub table_function: bool,
    /// Its arguments that are string literals (within lists too), in order.
    pub string_args: Vec<String>,
    /// The name in the text.
    pub span: Span,
}

/// Every function that a text calls, in reading order, anywhere in it.
///
/// # Errors
/// When the text cannot be read.
pub fn functions(sql: &str, dialect: Dialect) -> Result<Vec<FunctionUse>, SqlError> {
    on_big_stack(|| {
        let parsed = parse(sql, dialect)?;
        let text = TextIndex::new(sql);
        let mut walk = Walk { text: &text, tokens: &parsed.tokens, found: Vec::new(), in_from: Vec::new() };
        for one in &parsed.statements {
            let _ = one.statement.visit(&mut walk);
        }
        walk.found.sort_by(|a, b| (a.span.start, &a.name).cmp(&(b.span.start, &b.name)));
        Ok(walk.found)
    })
}

struct Walk<'a> {
    text: &'a TextIndex<'a>,
    tokens: &'a [TokenWithSpan],
    found: Vec<FunctionUse>,
    /// Functions that a FROM item wraps, by address.
    in_from: Vec<*const Function>,
}

impl Walk<'_> {
    fn push<'e>(&mut self, name: &ObjectName, args: impl Iterator<Item = &'e FunctionArg>, table_function: bool) {
        let span = self.text.span(name.span());
        if super::rewrite::is_made_up(&function_name(name), self.text.slice(span)) {
            return;
        }
        let mut string_args = Vec::new();
        for arg in args {
            let (FunctionArg::Unnamed(arg) | FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. }) = arg;
            if let FunctionArgExpr::Expr(expr) = arg {
                strings(expr, &mut string_args);
            }
        }
        self.found.push(FunctionUse { name: function_name(name), table_function, string_args, span });
    }
}

fn strings(expr: &Expr, found: &mut Vec<String>) {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Null | Value::Boolean(_) | Value::Number(..) | Value::Placeholder(_) => {}
            other => found.extend(other.clone().into_string()),
        },
        Expr::Nested(inner) => strings(inner, found),
        Expr::Array(array) => array.elem.iter().for_each(|item| strings(item, found)),
        Expr::Tuple(items) => items.iter().for_each(|item| strings(item, found)),
        _ => {}
    }
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(args), .. } => self.push(name, args.args.iter(), true),
            TableFactor::Function { name, args, .. } => self.push(name, args.iter(), true),
            TableFactor::TableFunction { expr: Expr::Function(function), .. } => {
                self.in_from.push(std::ptr::from_ref(function));
            }
            TableFactor::Table { name, args: None, .. } => {
                let quoted = |style| matches!(style, Some('\''));
                if let [only] = name.0.as_slice()
                    && let Some(ident) =
                        only.as_ident().filter(|ident| quoted(ident.quote_style) || is_path(&ident.value))
                {
                    self.found.push(FunctionUse {
                        name: "<file>".to_owned(),
                        table_function: true,
                        string_args: vec![ident.value.clone()],
                        span: self.text.span(match ident.quote_style {
                            Some('\'') => string_table_span(self.tokens, &ident.value),
                            _ => ident.span,
                        }),
                    });
                }
                if let [format, file] = name.0.as_slice()
                    && let (Some(format), Some(file)) = (format.as_ident(), file.as_ident())
                    && is_file_of(format, file)
                {
                    self.found.push(FunctionUse {
                        name: "<file>".to_owned(),
                        table_function: true,
                        string_args: vec![file.value.clone()],
                        span: self.text.span(name.span()),
                    });
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            let in_from = self.in_from.iter().any(|one| std::ptr::eq(*one, function));
            match &function.args {
                FunctionArguments::List(list) => self.push(&function.name, list.args.iter(), in_from),
                FunctionArguments::None | FunctionArguments::Subquery(_) => {
                    self.push(&function.name, std::iter::empty(), in_from);
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether a name is a file that Spark reads, written behind its format: ``csv.`/data/x` ``. A schema may be called like a
/// format, so a name of which both parts are quoted, or none, must look like a path.
fn is_file_of(format: &Ident, file: &Ident) -> bool {
    const FORMATS: [&str; 9] = ["text", "csv", "json", "xml", "parquet", "orc", "avro", "delta", "binaryfile"];
    FORMATS.iter().any(|known| known.eq_ignore_ascii_case(&format.value))
        && (is_path(&file.value) || (format.quote_style.is_none() && file.quote_style == Some('`')))
}

/// A quoted name that DuckDB reads as a file or an address (`from "data.parquet"`).
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || {
        let lower = name.to_ascii_lowercase();
        [".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx", ".db", ".duckdb", ".arrow", ".gz", ".zst"]
            .iter()
            .any(|ending| lower.ends_with(ending))
    }
}
