//! Joins as SQL that can be asked: both halves, the keys that tie them, and what else is asked of each half.

use sqlparser::ast::{BinaryOperator, Expr, TableFactor, TableWithJoins, Visit, Visitor};
use std::ops::ControlFlow;

use super::predicates::{always_true, operands};
use super::resolve::Resolver;
use super::{JoinHalf, JoinLink, JoinShape, Span};

/// Joins of one FROM that are kept: each holds the text of all before it, and conditions are read for each.
const MOST: usize = 100;

/// A join while the conditions that may tie its halves are still being read.
#[derive(Debug)]
pub(super) struct Pending {
    shape: JoinShape,
    /// Sources of both halves, by their number in the scope.
    start: usize,
    first: usize,
    end: usize,
    /// Some condition tells the halves apart from a product, though by no equality.
    tied: bool,
    /// Some condition names one half only.
    one_sided: bool,
    /// Some condition could not be resolved: it may tie them for all that is known.
    unknown: bool,
}

/// One condition, read.
struct Said {
    text: String,
    /// Sources that it reads; `None` when that is not known.
    reads: Option<Vec<usize>>,
    /// Both sides of an equality.
    equal: Option<[(String, Vec<usize>); 2]>,
}

impl Pending {
    fn tie(&mut self, said: &Said, on: bool) {
        let Some(reads) = &said.reads else {
            self.unknown |= on;
            return;
        };
        let all = |reads: &[usize], range: std::ops::Range<usize>| reads.iter().all(|at| range.contains(at));
        let (left, right) = (self.start..self.first, self.first..self.end);
        if reads.is_empty() {
            return;
        }
        if all(reads, left.clone()) || all(reads, right.clone()) {
            let half = if all(reads, left) { &mut self.shape.left } else { &mut self.shape.right };
            half.conditions.push(said.text.clone());
            self.one_sided |= on;
            return;
        }
        if !all(reads, self.start..self.end) {
            return;
        }
        let ties = |one: &[usize], other: &[usize]| {
            !one.is_empty() && !other.is_empty() && all(one, left.clone()) && all(other, right.clone())
        };
        match &said.equal {
            Some([(l, one), (r, other)]) if ties(one, other) => self.shape.add_keys(l, r),
            Some([(l, one), (r, other)]) if ties(other, one) => self.shape.add_keys(r, l),
            _ => self.tied = true,
        }
        if !on {
            let between = if self.shape.condition.is_empty() { "" } else { " and " };
            self.shape.condition.push_str(&format!("{between}{}", said.text));
        }
    }
}

impl JoinShape {
    fn add_keys(&mut self, left: &str, right: &str) {
        self.left.keys.push(left.to_owned());
        self.right.keys.push(right.to_owned());
    }
}

/// What is joined to what.
pub(super) struct Halves<'e> {
    /// As the kind is called in messages.
    pub(super) kind: &'e str,
    pub(super) left: String,
    pub(super) right: &'e TableFactor,
    /// The right half, when it is more than that.
    pub(super) right_text: Option<String>,
    pub(super) start: usize,
    pub(super) first: usize,
    pub(super) span: Span,
}

/// The left half of the join at `at`: everything of the item before it.
pub(super) fn text_before(item: &TableWithJoins, at: usize) -> String {
    if at > MOST {
        return String::new();
    }
    let before = TableWithJoins { relation: item.relation.clone(), joins: item.joins[..at].to_vec() };
    before.to_string()
}

/// The left half of the item at `at` of a FROM with commas.
pub(super) fn items_before(items: &[TableWithJoins], at: usize) -> String {
    if at > MOST {
        return String::new();
    }
    items[..at].iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Resolver<'_> {
    /// A join begins; its halves are resolved already.
    pub(super) fn begin_join(&mut self, halves: Halves<'_>) {
        // Beyond, conditions go to the last one that is kept: it must not be judged by them.
        if self.last_scope().joins.len() >= MOST {
            if let Some(last) = self.last_scope().joins.last_mut() {
                last.shape.link = JoinLink::Unknown;
            }
            return;
        }
        let (start, first, end) = (halves.start, halves.first, self.last_scope().sources.len());
        let made = match halves.right {
            TableFactor::Table { args, .. } => args.is_some(),
            TableFactor::Derived { lateral, .. } => *lateral,
            _ => true,
        };
        let with = self.with_text();
        let tables = |range: std::ops::Range<usize>, this: &mut Self| {
            let sources = this.last_scope().sources.get(range).unwrap_or_default();
            let tables: std::collections::BTreeSet<String> =
                sources.iter().flat_map(|source| source.tables.iter().cloned()).collect();
            tables.into_iter().collect()
        };
        let (left_tables, right_tables) = (tables(start..first, self), tables(first..end, self));
        let half = |from: String, tables| JoinHalf { from, tables, ..JoinHalf::default() };
        let shape = JoinShape {
            kind: halves.kind.to_owned(),
            link: if made { JoinLink::Unknown } else { JoinLink::None },
            with,
            left: half(halves.left, left_tables),
            right: half(halves.right_text.unwrap_or_else(|| halves.right.to_string()), right_tables),
            condition: String::new(),
            span: halves.span,
        };
        let pending = Pending { shape, start, first, end, tied: false, one_sided: false, unknown: made };
        self.last_scope().joins.push(pending);
    }

    /// An ON condition of the join that began last.
    pub(super) fn tie_on(&mut self, condition: &Expr) {
        let Some(at) = self.last_scope().joins.len().checked_sub(1) else { return };
        let text = condition.to_string();
        self.last_scope().joins[at].shape.condition = text;
        for (part, negated) in operands(condition, &BinaryOperator::And, false) {
            if negated || !always_true(part) {
                let said = self.said(part, negated);
                self.last_scope().joins[at].tie(&said, true);
            }
        }
    }

    /// A column that USING or NATURAL names.
    pub(super) fn tie_using(&mut self, column: &str) {
        let Some(pending) = self.last_scope().joins.last_mut() else { return };
        pending.shape.add_keys(column, column);
        let shown = if pending.shape.condition.is_empty() { "using " } else { ", " };
        pending.shape.condition.push_str(&format!("{shown}{column}"));
    }

    /// A WHERE condition: it may tie the halves of a join that has no condition of its own, and narrows halves.
    pub(super) fn tie_where(&mut self, condition: &Expr) {
        if self.last_scope().joins.is_empty() {
            return;
        }
        for (part, negated) in operands(condition, &BinaryOperator::And, false) {
            let said = self.said(part, negated);
            for one in &mut self.last_scope().joins {
                one.tie(&said, false);
            }
        }
    }

    /// What a condition reads, as a whole and on both sides of an equality.
    fn said(&mut self, part: &Expr, negated: bool) -> Said {
        // A subquery may say anything of both halves.
        let reads = if has_subquery(part) { None } else { self.sources_of(part) };
        let text = if negated { format!("not ({part})") } else { part.to_string() };
        let mut equal = None;
        if let (Some(_), Expr::BinaryOp { left, op: BinaryOperator::Eq, right }, false) = (&reads, part, negated)
            && let (Some(l), Some(r)) = (self.sources_of(left), self.sources_of(right))
        {
            equal = Some([(left.to_string(), l), (right.to_string(), r)]);
        }
        Said { text, reads, equal }
    }

    /// The sources of this scope that an expression reads; `None` when one of its names does not resolve.
    fn sources_of(&mut self, expr: &Expr) -> Option<Vec<usize>> {
        let unresolved = self.unresolved.len();
        let before = std::mem::take(&mut self.last_scope().touched);
        self.unlisted_expr(expr);
        let reads = std::mem::replace(&mut self.last_scope().touched, before);
        (self.unresolved.len() == unresolved).then(|| reads.into_iter().collect())
    }

    /// The joins of the select that ends.
    pub(super) fn end_joins(&mut self) {
        for pending in std::mem::take(&mut self.last_scope().joins) {
            let Pending { mut shape, tied, one_sided, unknown, .. } = pending;
            shape.link = match () {
                () if shape.link == JoinLink::Unknown => JoinLink::Unknown,
                () if !shape.left.keys.is_empty() => JoinLink::Equal,
                () if tied => JoinLink::Condition,
                () if unknown => JoinLink::Unknown,
                () if one_sided => JoinLink::OneSided,
                () => JoinLink::None,
            };
            self.joins.insert((shape.span.start, shape.span.end), shape);
        }
    }
}

fn has_subquery(expr: &Expr) -> bool {
    struct Find;
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_query(&mut self, _: &sqlparser::ast::Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit(&mut Find).is_break()
}
