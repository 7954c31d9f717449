//! Clauses that decide which rows there are, as a person wrote them and in canonical text.

use std::ops::ControlFlow;
use std::rc::Rc;

use sqlparser::ast::{Expr, GroupByExpr, Ident, Select, Spanned, TableFactor, VisitMut, VisitorMut};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span as ParserSpan, Token};

use super::canonical::Names;
use super::resolve::Resolver;
use super::term::{From, T, Tree};
use super::{Clause, ClauseKind, Dialect, JoinClause, Span};

/// Reading order; the text keeps apart what has no place.
pub(super) type ClauseKey = (usize, usize, ClauseKind, String);

/// What is known of a join while its condition is read.
pub(super) struct JoinFacts<'e> {
    pub(super) kind: &'static str,
    pub(super) factor: &'e TableFactor,
    /// The first source of its right side.
    pub(super) first: usize,
    pub(super) equalities: Vec<Equality>,
    pub(super) equi_only: bool,
}

/// The right side of one equality of a join condition.
pub(super) struct Equality {
    pub(super) key: Expr,
    pub(super) text: String,
}

impl Resolver<'_> {
    pub(super) fn add_clause(&mut self, clause: Clause) {
        let key = (clause.span.start, clause.span.end, clause.kind, clause.text.clone());
        self.clauses.insert(key, Rc::new(clause));
    }

    /// Canonical text of a term over a FROM.
    pub(super) fn text_of(&self, from: &From, term: &T) -> String {
        Names::of(from).term(term)
    }

    pub(super) fn texts_of(&self, from: &From, terms: &[T]) -> Vec<String> {
        let mut names = Names::of(from);
        let mut texts: Vec<String> = terms.iter().map(|term| names.term(term)).collect();
        texts.sort_unstable();
        texts
    }

    pub(super) fn last_leaf_text(&self, from: &From) -> String {
        match &from.tree {
            Tree::Join { right, .. } => Names::of(from).tree(right),
            tree => Names::of(from).tree(tree),
        }
    }

    pub(super) fn filter_clauses(&mut self, from: &From, word: &str, conjuncts: &[(T, Span)]) {
        let mut names = Names::of(from);
        for (term, span) in conjuncts {
            let text = names.term(term);
            let text = if word == "where" { text } else { format!("{word} {text}") };
            self.add_clause(Clause { kind: ClauseKind::Filter, text, span: *span, join: None });
        }
    }

    pub(super) fn group_span(&self, group: &GroupByExpr) -> Span {
        match group {
            GroupByExpr::Expressions(exprs, _) => {
                self.text.span(ParserSpan::union_iter(exprs.iter().map(|expr| expr.span())))
            }
            GroupByExpr::All(_) => Span::default(),
        }
    }

    /// Notes a join: `whole` is the FROM so far, this join included.
    pub(super) fn join_clause(&mut self, whole: &From, facts: JoinFacts<'_>, on: &[T], span: ParserSpan) {
        let right = match &whole.tree {
            Tree::Join { left, right, kind, .. } if !kind.starts_with("right") || matches!(**left, Tree::Unit) => right,
            Tree::Join { right, .. } => right,
            Tree::Cross(trees) => match trees.last() {
                Some(tree) => tree,
                None => return,
            },
            tree => tree,
        };
        let mut names = Names::of(whole);
        let mut conditions: Vec<String> = on.iter().map(|term| names.term(term)).collect();
        conditions.sort_unstable();
        let mut text = format!("{} join {}", facts.kind, names.tree(right));
        if !conditions.is_empty() {
            text.push_str(&format!(" on {}", conditions.join(" and ")));
        }
        let join = self.probe(&facts);
        self.add_clause(Clause { kind: ClauseKind::Join, text, span: self.text.span(span), join });
    }

    /// The right side of a join as SQL that stands alone; `None` when it cannot (lateral, several relations).
    fn probe(&mut self, facts: &JoinFacts<'_>) -> Option<JoinClause> {
        let (right_sql, alias) = match facts.factor {
            TableFactor::Table { name, alias, args: None, version: None, sample: None, .. } => {
                let text = self.text.slice(self.text.span(name.span())).to_owned();
                let own = name.0.last().and_then(|part| part.as_ident());
                let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                if renamed || text.is_empty() || self.is_provisional(own) {
                    return None;
                }
                (text, alias.as_ref().map(|alias| &alias.name).or(own))
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let columns =
                    alias.as_ref().map(|alias| alias.to_string()).unwrap_or_else(|| "rowproof_right".to_owned());
                let columns = columns.strip_prefix("AS ").unwrap_or(&columns).to_owned();
                (format!("({subquery}) as {columns}"), alias.as_ref().map(|alias| &alias.name))
            }
            _ => return None,
        };
        let scope = self.scopes.last()?;
        let tables = scope.sources[facts.first..].iter().flat_map(|source| source.tables.iter().cloned()).collect();
        let alias = alias.map(|alias| alias.value.clone()).unwrap_or_default();
        let right_keys = facts.equalities.iter().map(|one| unqualified(&one.key, &alias)).collect();
        Some(JoinClause {
            kind: facts.kind.to_owned(),
            right_sql,
            right_with: self.with_text(),
            right_tables: tables,
            right_keys,
            right_keys_text: facts.equalities.iter().map(|one| one.text.clone()).collect(),
            equi_only: facts.equi_only && (!facts.equalities.is_empty() || facts.kind == "cross"),
        })
    }

    fn is_provisional(&self, name: Option<&Ident>) -> bool {
        let Some(name) = name else { return false };
        let key = self.key(name);
        self.frames.iter().flatten().any(|cte| cte.provisional && cte.key == key)
    }

    /// The WITH clause of everything visible here; an inner name hides an outer one.
    pub(super) fn with_text(&self) -> String {
        let all: Vec<_> = self.frames.iter().flatten().filter(|cte| !cte.provisional).collect();
        let shown: Vec<&str> = all
            .iter()
            .enumerate()
            .filter(|(at, cte)| !all[at + 1..].iter().any(|later| later.key == cte.key))
            .map(|(_, cte)| self.text.slice(cte.span))
            .collect();
        if shown.is_empty() {
            return String::new();
        }
        let word = if all.iter().any(|cte| cte.recursive) { "with recursive" } else { "with" };
        format!("{word} {}", shown.join(", "))
    }

    fn angled_types(&self) -> bool {
        matches!(self.dialect, Dialect::BigQuery | Dialect::Databricks | Dialect::Spark | Dialect::Hive)
    }

    /// The places of the items of a select list, from the tokens: the tree knows them only roughly.
    pub(super) fn item_spans(&self, select: &Select) -> Vec<Span> {
        let start = select.select_token.0.span.end;
        let first = self.tokens.partition_point(|token| token.span.start < start);
        let mut items: Vec<Span> = Vec::new();
        let mut item: Option<ParserSpan> = None;
        let mut depth = 0usize;
        // Commas within `array<struct<a int64, b string>>` part no items.
        let mut angles = 0usize;
        let mut before = Keyword::NoKeyword;
        let mut after_star = false;
        let mut skipping = true;
        for token in &self.tokens[first.min(self.tokens.len())..] {
            let keyword = match &token.token {
                Token::Whitespace(_) => continue,
                Token::Word(word) if word.quote_style.is_none() => word.keyword,
                _ => Keyword::NoKeyword,
            };
            match &token.token {
                Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
                Token::RParen | Token::RBracket | Token::RBrace if depth == 0 => break,
                Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
                Token::EOF | Token::SemiColon => break,
                Token::Lt if angles > 0 || (self.angled_types() && has_parameters(before)) => angles += 1,
                Token::Gt => angles = angles.saturating_sub(1),
                Token::ShiftRight => angles = angles.saturating_sub(2),
                Token::Comma if depth == 0 && angles == 0 => {
                    items.extend(item.take().map(|span| self.text.span(span)));
                    continue;
                }
                _ if depth == 0 && ends_items(keyword) => {
                    // `a is distinct from b` and `* except (a)` go on.
                    let distinct_from = keyword == Keyword::FROM && before == Keyword::DISTINCT && item.is_some();
                    let star_except = keyword == Keyword::EXCEPT && after_star;
                    if !distinct_from && !star_except {
                        break;
                    }
                }
                _ => {}
            }
            before = keyword;
            after_star = token.token == Token::Mul;
            skipping &= matches!(keyword, Keyword::DISTINCT | Keyword::ALL);
            if !skipping {
                item = Some(item.map_or(token.span, |span| ParserSpan { start: span.start, end: token.span.end }));
            }
        }
        items.extend(item.map(|span| self.text.span(span)));
        if items.len() == select.projection.len() {
            return items;
        }
        select.projection.iter().map(|item| self.text.span(item.span())).collect()
    }
}

fn has_parameters(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP)
}

fn ends_items(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::FROM
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::QUALIFY
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT
            | Keyword::INTO
            | Keyword::WINDOW
            | Keyword::LATERAL
            | Keyword::OFFSET
            | Keyword::FETCH
            | Keyword::MINUS
    )
}

/// An expression over one relation without its qualifier.
fn unqualified(expr: &Expr, alias: &str) -> String {
    struct Strip<'a>(&'a str);
    impl VisitorMut for Strip<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Expr::CompoundIdentifier(parts) = expr {
                let at = parts.iter().take(parts.len() - 1).rposition(|part| part.value.eq_ignore_ascii_case(self.0));
                let rest = parts.split_off(at.map_or(parts.len() - 1, |at| at + 1));
                *expr = match <[Ident; 1]>::try_from(rest) {
                    Ok([only]) => Expr::Identifier(only),
                    Err(rest) => Expr::CompoundIdentifier(rest),
                };
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr.clone();
    let _ = expr.visit(&mut Strip(alias));
    expr.to_string()
}
