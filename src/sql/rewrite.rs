//! Forms that the grammar does not take, written with the tokens of a form that it takes and that means the same.
//!
//! Every token keeps the place in the text of what it stands for, so whatever is said of the tree points at the text.
//! Each pass reads the tokens once; nothing here knows more of the query than where its brackets and clauses are.

mod alias;
mod args;
mod bigquery;
mod by_name;
mod clickhouse;
mod joins;
mod json;
mod methods;
mod misc;
mod operators;
mod pivot;
mod sample;
mod snowflake;
mod stream;
mod tsql;
mod types;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use self::stream::Stream;
use super::Dialect;

/// Column list of an entry of WITH that is an expression under a name.
pub(super) const MARK_EXPRESSION: &str = "\u{1}expression";
/// Entries of WITH in the second operand of a set operation: it has the columns of the first operand,
pub(super) const MARK_LEFT_COLUMNS: &str = "\u{1}left columns";
/// those that both operands have,
pub(super) const MARK_COMMON_COLUMNS: &str = "\u{1}common columns";
/// or those of a list.
pub(super) const MARK_LISTED_COLUMNS: &str = "\u{1}listed columns";

/// A made-up aggregate of PIVOT: the columns that its rows are grouped by.
pub(super) const MARK_GROUPS: &str = "\u{1}groups";

/// Functions that stand for forms without one.
const MADE_UP: &[&str] = &[
    "any_matches",
    "approx_count",
    "approx_percentile_disc",
    "beside",
    "columns_read",
    "exclude_current_row",
    "exclude_group",
    "exclude_no_others",
    "exclude_ties",
    "pivoted_rows",
    "positional",
    "struct_of",
    "unpivoted_rows",
    "xml_exist",
    "xml_nodes",
    "xml_query",
    "xml_value",
    MARK_GROUPS,
];

/// Whether a function is none that the text calls: `written` is what stands in its place.
pub(super) fn is_made_up(name: &str, written: &str) -> bool {
    let keyword = matches!(name, "prior" | "symmetric");
    keyword || (MADE_UP.contains(&name) && !written.eq_ignore_ascii_case(name))
}

/// Whether an entry of WITH only says which columns a set operation has.
pub(super) fn is_set_mark(name: &str) -> bool {
    [MARK_LEFT_COLUMNS, MARK_COMMON_COLUMNS, MARK_LISTED_COLUMNS].contains(&name)
}

/// A name that no text can have been meant to have.
fn marker(name: &str) -> Token {
    Token::Word(Word { value: name.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

type Pass = fn(&Stream) -> Option<Stream>;

/// The tokens with what would otherwise be read as something else put right; `None` when there is none.
pub(super) fn always(tokens: &[TokenWithSpan], dialect: Dialect) -> Option<Vec<TokenWithSpan>> {
    let passes: &[Pass] = match dialect {
        // Else `a: b` is a path into a document, `positional` an alias and `x.lower()` a function of a schema `x`.
        Dialect::DuckDb => &[alias::prefix_aliases, joins::asof_and_positional, methods::calls],
        // Else these are comparisons.
        Dialect::BigQuery => &[bigquery::typed_arrays],
        Dialect::Snowflake => &[joins::directed],
        Dialect::ClickHouse => &[joins::strictness, clickhouse::array_joins],
        // Else an alias with column names, a comparison, and a function of a schema.
        Dialect::TSql => &[misc::options, tsql::text_aliases, tsql::xml_methods],
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
        Dialect::ClickHouse => &["ANY", "ALL", "GLOBAL", "ARRAY"],
        Dialect::TSql => &["OPTION", "VALUE", "QUERY", "NODES", "EXIST"],
        _ => return false,
    };
    let (duckdb, tsql) = (dialect == Dialect::DuckDb, dialect == Dialect::TSql);
    let mut before = [&Token::EOF; 2];
    tokens.iter().map(|one| &one.token).filter(|token| !matches!(token, Token::Whitespace(_))).any(|token| {
        let [dot, name] = before;
        before = [name, token];
        match token {
            Token::Word(word) => words.iter().any(|wanted| word.value.eq_ignore_ascii_case(wanted)),
            Token::LParen => duckdb && *dot == Token::Period && matches!(name, Token::Word(_)),
            Token::Eq => tsql && matches!(name, Token::SingleQuotedString(_)),
            Token::Colon => duckdb,
            _ => false,
        }
    })
}

/// The tokens with every form exchanged that the grammar lacks; `None` when there is none.
pub(super) fn all(tokens: &[TokenWithSpan], dialect: Dialect) -> Option<Vec<TokenWithSpan>> {
    let passes: &[Pass] = match dialect {
        Dialect::DuckDb => &[
            pivot::statements,
            pivot::groups,
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
            operators::frame_exclusions,
        ],
        Dialect::BigQuery => &[
            bigquery::dashed_names,
            bigquery::typed_arrays,
            bigquery::relation_arguments,
            bigquery::safe_functions,
            bigquery::formats,
            bigquery::unpivot_names,
            bigquery::versions,
            by_name::variants,
        ],
        Dialect::Trino => &[
            types::nested,
            joins::asof,
            json::clauses,
            args::bare_values,
            args::bare_trim,
            by_name::variants,
            snowflake::match_modes,
        ],
        Dialect::Snowflake => &[
            types::nested,
            joins::directed,
            bigquery::unpivot_names,
            snowflake::star_objects,
            snowflake::prior,
            snowflake::match_modes,
        ],
        Dialect::Databricks | Dialect::Spark | Dialect::Hive => {
            &[misc::variables, types::nested, args::null_treatment, args::bare_values, snowflake::star_structs]
        }
        Dialect::ClickHouse => &[
            types::nested,
            joins::strictness,
            joins::half_joins,
            joins::bare_using,
            clickhouse::asof_sides,
            joins::asof_and_positional,
            clickhouse::array_joins,
            clickhouse::global_in,
            clickhouse::tuple_elements,
            clickhouse::named_expressions,
        ],
        Dialect::MySql => &[json::clauses, args::bare_trim, operators::modulo],
        Dialect::Postgres => &[json::clauses, args::bare_trim, operators::symmetric, operators::frame_exclusions],
        Dialect::Redshift => &[json::clauses, args::bare_trim, operators::approximate, snowflake::prior],
        Dialect::TSql => {
            &[args::bare_trim, misc::options, tsql::text_aliases, tsql::xml_methods, tsql::join_hints, tsql::parses]
        }
        Dialect::Sqlite => &[args::bare_trim, operators::is_expression, operators::frame_exclusions],
        Dialect::Generic => &[args::bare_trim, operators::frame_exclusions],
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
