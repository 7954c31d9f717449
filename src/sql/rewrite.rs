//! Forms that the grammar does not take, written with the tokens of a form that it takes and that means the same.
//!
//! Every token keeps the place in the text of what it stands for, so whatever is said of the tree points at the text.
//! Each pass reads the tokens once; nothing here knows more of the query than where its brackets and clauses are.

mod alias;
mod args;
mod bigquery;
mod joins;
mod json;
mod methods;
mod misc;
mod pivot;
mod sample;
mod stream;
mod types;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use self::stream::Stream;
use super::Dialect;

type Pass = fn(&Stream) -> Option<Stream>;

/// The tokens with what would otherwise be read as something else put right; `None` when there is none.
pub(super) fn always(tokens: &[TokenWithSpan], dialect: Dialect) -> Option<Vec<TokenWithSpan>> {
    let passes: &[Pass] = match dialect {
        // Else `a: b` is a path into a document, `positional` an alias and `x.lower()` a function of a schema `x`.
        Dialect::DuckDb => &[alias::prefix_aliases, joins::asof_and_positional, methods::calls],
        // Else these are comparisons.
        Dialect::BigQuery => &[bigquery::typed_arrays],
        Dialect::Snowflake => &[joins::directed],
        Dialect::ClickHouse => &[joins::strictness],
        // Else an alias with column names.
        Dialect::TSql => &[misc::options],
        _ => &[],
    };
    if concerns(tokens, dialect) {
        return run(passes, tokens);
    }
    debug_assert!(run(passes, tokens).is_none(), "`concerns` lacks what a pass looks for");
    None
}

/// Whether the tokens hold anything that a pass of [`always`] looks for: hardly a text does, and the passes copy it.
fn concerns(tokens: &[TokenWithSpan], dialect: Dialect) -> bool {
    let words: &[&str] = match dialect {
        Dialect::DuckDb => &["ASOF", "POSITIONAL"],
        Dialect::BigQuery => &["ARRAY"],
        Dialect::Snowflake => &["DIRECTED"],
        Dialect::ClickHouse => &["ANY", "ALL", "GLOBAL"],
        Dialect::TSql => &["OPTION"],
        _ => return false,
    };
    let duckdb = dialect == Dialect::DuckDb;
    let mut after_dot = false;
    let mut member = false;
    tokens.iter().any(|one| match &one.token {
        Token::Whitespace(_) => false,
        Token::Word(word) => {
            (member, after_dot) = (after_dot, false);
            words.iter().any(|wanted| word.value.eq_ignore_ascii_case(wanted))
        }
        Token::LParen => duckdb && std::mem::take(&mut member),
        other => {
            (member, after_dot) = (false, *other == Token::Period);
            duckdb && *other == Token::Colon
        }
    })
}

/// The tokens with every form exchanged that the grammar lacks; `None` when there is none.
pub(super) fn all(tokens: &[TokenWithSpan], dialect: Dialect) -> Option<Vec<TokenWithSpan>> {
    let passes: &[Pass] = match dialect {
        Dialect::DuckDb => &[
            pivot::statements,
            alias::prefix_aliases,
            misc::from_first_subqueries,
            misc::power,
            misc::star_filters,
            misc::unpacked_columns,
            methods::calls,
            misc::limit_percent,
            sample::table_samples,
            sample::query_samples,
            joins::asof_and_positional,
            args::null_treatment,
            args::filter_without_where,
            args::bare_values,
        ],
        Dialect::BigQuery => &[
            bigquery::dashed_names,
            bigquery::typed_arrays,
            bigquery::relation_arguments,
            bigquery::safe_functions,
            bigquery::formats,
            bigquery::unpivot_names,
            bigquery::versions,
            joins::full_union_by_name,
        ],
        Dialect::Trino => &[types::nested, joins::asof, json::clauses, args::bare_values, args::bare_trim],
        Dialect::Snowflake => &[types::nested, joins::directed, bigquery::unpivot_names],
        Dialect::Databricks | Dialect::Spark | Dialect::Hive => {
            &[misc::variables, types::nested, args::null_treatment, args::bare_values]
        }
        Dialect::ClickHouse => &[types::nested, joins::strictness, joins::half_joins, joins::bare_using],
        Dialect::MySql | Dialect::Postgres | Dialect::Redshift => &[json::clauses, args::bare_trim],
        Dialect::TSql | Dialect::Sqlite | Dialect::Generic => &[args::bare_trim],
    };
    run(passes, tokens)
}

fn run(passes: &[Pass], tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let mut changed: Option<Stream> = None;
    let start = Stream::new(tokens);
    for pass in passes {
        if let Some(next) = pass(changed.as_ref().unwrap_or(&start)) {
            changed = Some(next);
        }
    }
    changed.map(Stream::finish)
}
