//! What a database refuses although every name resolves: aggregates and window functions where none may stand, columns
//! that are neither grouped nor aggregated. Only what is wrong for sure is told.

mod calls;
mod groups;

use std::ops::ControlFlow;

use serde::Serialize;
use sqlparser::ast::{
    Expr, GroupByExpr, JoinConstraint, JoinOperator, Query, Select, SelectItem, TableWithJoins, Value, Visit, Visitor,
};
use sqlparser::tokenizer::Span as ParserSpan;

use self::calls::Calls;
use super::parse::{on_big_stack, parse};
use super::span::TextIndex;
use super::{Dialect, Span, SqlError};

/// What kind of mistake it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MisuseKind {
    /// An aggregate in a clause that is decided before rows are grouped.
    MisplacedAggregate,
    /// A window function in a clause that is decided before windows are computed.
    MisplacedWindow,
    /// An aggregate within the arguments of another.
    NestedAggregate,
    /// A selected column of a grouped query that is neither grouped nor aggregated.
    Ungrouped,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misuse {
    /// Its kind.
    pub kind: MisuseKind,
    /// The function, lower-case, or the column as written.
    pub name: String,
    /// The clause that it stands in (`where`, `group by`); for a nested aggregate the outer one.
    pub within: String,
    /// Where.
    pub span: Span,
}

/// Every such mistake of a text, in reading order.
///
/// # Errors
/// When the text cannot be read.
pub fn misuses(sql: &str, dialect: Dialect) -> Result<Vec<Misuse>, SqlError> {
    on_big_stack(|| {
        let parsed = parse(sql, dialect)?;
        let text = TextIndex::new(sql);
        let mut checks = Checks {
            dialect,
            exact: !parsed.generic,
            text: &text,
            expressions: 0,
            outer: Vec::new(),
            ctes: Vec::new(),
            found: Vec::new(),
        };
        for one in &parsed.statements {
            let _ = one.statement.visit(&mut checks);
        }
        checks.found.sort_by(|a, b| (a.span.start, a.kind, &a.name).cmp(&(b.span.start, b.kind, &b.name)));
        checks.found.dedup();
        Ok(checks.found)
    })
}

struct Checks<'a> {
    dialect: Dialect,
    /// The dialect's own parser read the text.
    exact: bool,
    text: &'a TextIndex<'a>,
    /// Expressions around the place at hand, up to the statement.
    expressions: usize,
    /// Per query around the place: the expressions around it, and how many CTE names were known before it.
    outer: Vec<(usize, usize)>,
    /// Names of the CTEs in sight, lower-case.
    ctes: Vec<String>,
    found: Vec<Misuse>,
}

impl Visitor for Checks<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.outer.push((self.expressions, self.ctes.len()));
        let names = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| cte.alias.name.value.to_lowercase());
        self.ctes.extend(names);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        if let Some((_, known)) = self.outer.pop() {
            self.ctes.truncate(known);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.expressions += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.expressions -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        // Within an expression an aggregate may belong to the query around it.
        let correlated = self.outer.last().is_some_and(|(expressions, _)| *expressions > 0);
        self.clauses(select, correlated);
        self.nested(select, correlated);
        if self.exact {
            let ungrouped = groups::ungrouped(select, self.dialect, &self.ctes, correlated);
            for (name, span) in ungrouped {
                self.push(MisuseKind::Ungrouped, name, "select".to_owned(), span);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Checks<'_> {
    fn push(&mut self, kind: MisuseKind, name: String, within: String, span: ParserSpan) {
        let span = self.text.span(span);
        self.found.push(Misuse { kind, name, within, span });
    }

    /// Clauses that are decided before rows are grouped, or before windows are computed.
    fn clauses(&mut self, select: &Select, correlated: bool) {
        for expr in select.prewhere.iter().chain(&select.selection) {
            self.clause(expr, "where", !correlated);
        }
        for expr in select.from.iter().flat_map(join_conditions) {
            self.clause(expr, "on", !correlated);
        }
        if let GroupByExpr::Expressions(keys, _) = &select.group_by {
            for key in keys {
                self.clause(key, "group by", !correlated);
                if let Some(item) = ordinal(key).and_then(|at| nth_item(select, at)) {
                    self.clause(item, "group by", !correlated);
                }
            }
        }
        if let Some(expr) = &select.having {
            self.clause(expr, "having", false);
        }
    }

    fn clause(&mut self, expr: &Expr, within: &str, aggregates: bool) {
        let calls = Calls::of(expr);
        for call in calls.found {
            let kind = match call.windowed {
                true => MisuseKind::MisplacedWindow,
                false if aggregates => MisuseKind::MisplacedAggregate,
                false => continue,
            };
            self.push(kind, call.name, within.to_owned(), call.span);
        }
    }

    /// Aggregates within aggregates. The permissive dialect may stand for one that allows it.
    fn nested(&mut self, select: &Select, correlated: bool) {
        if correlated || self.dialect == Dialect::Generic {
            return;
        }
        let items = select.projection.iter().filter_map(item_expr);
        for expr in items.chain(&select.having).chain(&select.qualify) {
            for call in Calls::of(expr).found {
                if let Some(outer) = call.within.filter(|_| !call.windowed) {
                    self.push(MisuseKind::NestedAggregate, call.name, outer, call.span);
                }
            }
        }
    }
}

fn item_expr(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

/// The position that a grouping key names, from 1.
fn ordinal(key: &Expr) -> Option<usize> {
    let Expr::Value(value) = key else { return None };
    let Value::Number(number, _) = &value.value else { return None };
    number.to_string().parse().ok()
}

/// The select item at a position, when no star before it moves it.
fn nth_item(select: &Select, at: usize) -> Option<&Expr> {
    let before = select.projection.get(..at)?;
    before.iter().map(item_expr).collect::<Option<Vec<_>>>()?.last().copied()
}

fn join_conditions(tables: &TableWithJoins) -> impl Iterator<Item = &Expr> {
    tables.joins.iter().filter_map(|join| {
        use JoinOperator as J;
        match &join.join_operator {
            J::Join(on)
            | J::Inner(on)
            | J::Left(on)
            | J::LeftOuter(on)
            | J::Right(on)
            | J::RightOuter(on)
            | J::FullOuter(on)
            | J::CrossJoin(on)
            | J::StraightJoin(on) => match on {
                JoinConstraint::On(expr) => Some(expr),
                _ => None,
            },
            _ => None,
        }
    })
}
