//! From a text to its [`Analysis`].

use std::collections::BTreeSet;

use sqlparser::tokenizer::Token;

use super::canonical::{output_text, rendered};
use super::parse::{on_big_stack, parse, single_query, view_columns};
use super::resolve::Resolver;
use super::scope::{Column, Resolved};
use super::span::TextIndex;
use super::{Analysis, Catalog, ColumnRead, Dialect, Output, OutputKind, Role, SqlError};

/// Analyses one query (also the query of `create table/view ... as`).
///
/// # Errors
/// When the text cannot be read, or is not exactly one query.
pub fn analyze(sql: &str, dialect: Dialect, catalog: &dyn Catalog) -> Result<Analysis, SqlError> {
    on_big_stack(|| analyze_here(sql, dialect, catalog))
}

fn analyze_here(sql: &str, dialect: Dialect, catalog: &dyn Catalog) -> Result<Analysis, SqlError> {
    let parsed = parse(sql, dialect)?;
    let renames = view_columns(&parsed.statements);
    let (query, prelude) = single_query(parsed.statements, sql)?;
    let text = TextIndex::new(sql);
    let ask = |parts: &[String]| catalog.relation(parts);
    let mut resolver = Resolver {
        dialect,
        text: &text,
        tokens: &parsed.tokens,
        catalog: &ask,
        frames: Vec::new(),
        scopes: Vec::new(),
        outermost: usize::MAX,
        next_leaf: 0,
        depth: 0,
        recursions: 0,
        keeps_order: parsed.tokens.iter().any(|token| takes_some(&token.token)),
        supported: true,
        unresolved: Vec::new(),
        reads: Vec::new(),
        relations: Vec::new(),
        clauses: Default::default(),
        joins: Default::default(),
        sink: Default::default(),
        role: Role::Value,
        via: Vec::new(),
        flags: Default::default(),
        names_arguments: false,
        prelude,
    };
    let mut resolved = resolver.query(&query);
    if let Some(renames) = renames {
        resolved = resolver.renamed(resolved, &renames);
    }
    Ok(finish(resolver, &resolved, parsed.generic))
}

/// Words after which it matters in which order rows come.
fn takes_some(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && matches!(
        word.value.to_ascii_lowercase().as_str(),
        "limit" | "top" | "fetch" | "offset" | "sample" | "tablesample"
    ))
}

fn finish(mut resolver: Resolver<'_>, resolved: &Resolved, generic: bool) -> Analysis {
    for column in &resolved.columns {
        // What only stars passed on, up to here, is read by the output itself.
        for (table, name) in column.starred.iter() {
            resolver.reads.push(ColumnRead { table: table.to_string(), column: name.to_string(), span: column.span });
        }
    }
    resolver.reads.sort_by(|a, b| (a.span.start, &a.table, &a.column).cmp(&(b.span.start, &b.table, &b.column)));
    resolver.reads.dedup();
    resolver.relations.sort_by_key(|one| one.span.start);
    resolver.relations.dedup();
    resolver.unresolved.sort_by(|a, b| (a.span.start, &a.name, a.reason).cmp(&(b.span.start, &b.name, b.reason)));
    resolver.unresolved.dedup();
    let outputs = resolved.columns.iter().enumerate().map(|(at, column)| output(resolved, column, at)).collect();
    let open: BTreeSet<String> = resolved.open.iter().flat_map(|open| open.tables.iter().cloned()).collect();
    let row_shape = resolver.supported.then(|| format!("{}{}", resolver.prelude.text, rendered(&resolved.block).text));
    let counted = |join: &super::JoinShape| {
        resolver.clauses.values().any(|c| c.kind == super::ClauseKind::Join && c.span.start == join.span.start)
    };
    // What nothing reads is not computed either.
    let joins = resolver.joins.values().filter(|join| counted(join)).cloned().collect();
    Analysis {
        outputs,
        open: match (&resolved.open, open.is_empty()) {
            // Open to something that has no name of its own.
            (Some(_), true) => vec!["?".to_owned()],
            _ => open.into_iter().collect(),
        },
        clauses: resolver.clauses.into_values().map(std::rc::Rc::unwrap_or_clone).collect(),
        joins,
        row_shape,
        relations: resolver.relations,
        reads: resolver.reads,
        unresolved: resolver.unresolved,
        generic_dialect: generic,
    }
}

fn output(resolved: &Resolved, column: &Column, at: usize) -> Output {
    let name = if column.name.starts_with("_col_") { format!("_col_{at}") } else { column.name.to_string() };
    Output {
        name,
        key: column.key.to_string(),
        kind: if column.unresolved.is_empty() { column.kind } else { OutputKind::Unknown },
        edges: column.edges.to_vec(),
        unresolved: column.unresolved.to_vec(),
        expression: output_text(&resolved.block, &column.term),
        span: column.span,
    }
}
