//! Over all the cases: names of CTEs and aliases, layout and the case of keywords change neither lineage nor fingerprints.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Query, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use super::super::parse::{parse, tokens};
use super::super::span::TextIndex;
use super::super::{Analysis, Equivalence, analyze, compare};
use super::cases::{Case, Store, cases};

/// Words that are keywords wherever they stand.
const KEYWORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "join",
    "left",
    "right",
    "full",
    "inner",
    "outer",
    "cross",
    "natural",
    "on",
    "using",
    "group",
    "order",
    "by",
    "having",
    "qualify",
    "with",
    "recursive",
    "as",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "union",
    "intersect",
    "except",
    "case",
    "when",
    "then",
    "else",
    "end",
    "over",
    "partition",
    "distinct",
    "exists",
    "between",
    "like",
    "lateral",
    "limit",
    "cast",
];

/// What must stay: outputs with their sources, what is unresolved and why, and the canonical texts.
fn essence(analysis: &Analysis) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for output in &analysis.outputs {
        let edge = |one: &super::super::Edge| format!("{}.{} {:?} {:?}", one.table, one.column, one.role, one.via);
        let edges: BTreeSet<String> = output.edges.iter().map(edge).collect();
        lines.push(format!("{} {:?} {edges:?} {}", output.key, output.kind, output.expression));
    }
    let mut open: Vec<String> = analysis.unresolved.iter().map(|one| format!("{:?}", one.reason)).collect();
    open.sort();
    lines.extend(open);
    lines.push(format!("{:?} {:?}", analysis.open, analysis.row_shape));
    lines
}

/// The tokens of a text with what is written for each.
fn pieces<'t>(sql: &'t str, case: &Case) -> Option<Vec<(TokenWithSpan, &'t str)>> {
    let all = tokens(sql, case.dialect.parser_dialect().as_ref()).ok()?;
    let index = TextIndex::new(sql);
    let piece = |one: TokenWithSpan| {
        let text = sql.get(index.offset(one.span.start)..index.offset(one.span.end))?;
        Some((one, text))
    };
    all.into_iter().filter(|one| one.token != Token::EOF).map(piece).collect()
}

fn check(case: &Case, written: &str, checked: &mut usize) -> Option<String> {
    let base = analyze(&case.sql, case.dialect, &Store).ok()?;
    let head = match analyze(written, case.dialect, &Store) {
        Ok(head) => head,
        Err(error) => return Some(format!("{}: {error}\n  {}\n  {written}", case.place, case.sql)),
    };
    *checked += 1;
    let decided = base.row_shape.is_some() && base.open.is_empty() && base.unresolved.is_empty();
    let same = essence(&base) == essence(&head)
        && (!decided || base.generic_dialect || compare(&base, &head) == Equivalence::Equivalent);
    (!same).then(|| {
        format!(
            "{} ({})\n  {}\n  {written}\n  {:?}\n  {:?}",
            case.place,
            case.dialect.name(),
            case.sql,
            essence(&base),
            essence(&head)
        )
    })
}

#[test]
fn layout_and_case_of_keywords() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for case in cases() {
        let Some(pieces) = pieces(&case.sql, &case) else { continue };
        let mut written = String::new();
        for (at, (token, text)) in pieces.iter().enumerate() {
            match &token.token {
                Token::Whitespace(Whitespace::Space | Whitespace::Tab | Whitespace::Newline) => {
                    written.push_str([" ", "\n    ", " /* é */ ", "\t", " -- so\n"][at % 5]);
                }
                Token::Word(word)
                    if word.quote_style.is_none() && KEYWORDS.contains(&word.value.to_lowercase().as_str()) =>
                {
                    written.push_str(&text.to_uppercase());
                }
                _ => written.push_str(text),
            }
        }
        wrong.extend(check(&case, &written, &mut checked));
    }
    assert!(wrong.is_empty(), "{} of {checked} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 950, "{checked} texts");
}

/// Names that CTEs and relations in FROM are given.
#[derive(Default)]
struct Given(BTreeSet<String>);

impl Visitor for Given {
    type Break = ();
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let entries = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(entries.map(|entry| entry.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }
    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } = factor
        {
            self.0.insert(alias.name.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }
}

/// Other names for all CTEs and aliases that are nothing else in the text; `None` when there is none.
fn renamed(case: &Case) -> Option<String> {
    let base = analyze(&case.sql, case.dialect, &Store).ok()?;
    if !base.unresolved.is_empty() {
        // What is not found is shown by its name.
        return None;
    }
    let mut given = Given::default();
    for one in &parse(&case.sql, case.dialect).ok()?.statements {
        let _ = one.statement.visit(&mut given);
    }
    let pieces: Vec<_> = pieces(&case.sql, case)?;
    let solid: Vec<_> = pieces.iter().filter(|(one, _)| !matches!(one.token, Token::Whitespace(_))).collect();
    let mut names = given.0;
    let read = base.outputs.iter().flat_map(|one| &one.edges).flat_map(|one| [one.table.clone(), one.column.clone()]);
    let read = read.chain(base.reads.iter().map(|one| one.column.clone()));
    let read = read.chain(base.relations.iter().flat_map(|one| one.parts.clone()));
    for name in read.chain(base.outputs.iter().map(|one| one.name.clone())) {
        names.remove(&name.to_lowercase());
    }
    for (at, (one, _)) in solid.iter().enumerate() {
        let Token::Word(word) = &one.token else { continue };
        // A field, a quoted name, or a function.
        let before = at.checked_sub(1).map(|at| &solid[at].0.token);
        let field = matches!(before, Some(Token::Period | Token::Colon));
        let call = matches!(solid.get(at + 1).map(|one| &one.0.token), Some(Token::LParen | Token::Arrow));
        let with = matches!(before, Some(Token::Word(word)) if word.value.eq_ignore_ascii_case("with"));
        if field || word.quote_style.is_some() || (call && !with) {
            names.remove(&word.value.to_lowercase());
        }
    }
    let mut written = String::new();
    for (one, text) in &pieces {
        match &one.token {
            Token::Word(word) if names.contains(&word.value.to_lowercase()) => {
                written.push_str(&format!("renamed_{}", word.value.to_lowercase()));
            }
            _ => written.push_str(text),
        }
    }
    (!names.is_empty()).then_some(written)
}

#[test]
fn names_of_ctes_and_aliases() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for case in cases() {
        if let Some(written) = renamed(&case) {
            wrong.extend(check(&case, &written, &mut checked));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 250, "{checked} texts");
}
