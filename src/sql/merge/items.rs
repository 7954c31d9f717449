//! Select lists of both versions.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, Select,
    SelectItem, Spanned, Visit, Visitor,
};
use sqlparser::tokenizer::Span as ParserSpan;

use super::super::expr::function_name;
use super::super::names::{is_aggregate, makes_rows};
use super::conjuncts::same_but_for_qualifiers;
use super::prepare::expression;
use super::{EditKind, Merger, Part, same};

/// What the place of a select says of its list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Nothing reads its columns by name: the outermost select.
    pub(super) top: bool,
    /// Rows are told apart by its columns.
    pub(super) distinct: bool,
    /// It is an operand: its columns must fit those of the others.
    pub(super) operand: bool,
}

/// How the list follows the grouping, where that differs.
pub(super) struct Grouped<'a> {
    /// Whether head's grouping was chosen.
    pub(super) head: bool,
    /// The chosen keys.
    pub(super) keys: &'a [Expr],
}

impl Merger<'_> {
    /// Merges two select lists.
    pub(super) fn items(
        &mut self,
        base: &Select,
        head: &Select,
        place: Place,
        grouped: Option<&Grouped<'_>>,
        scope: usize,
    ) -> Vec<SelectItem> {
        let list = |select: &Select| select.projection.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (old, new) = (list(base), list(head));
        if old == new && grouped.is_none() {
            return head.projection.clone();
        }
        if place.distinct && grouped.is_none() {
            return self.told_apart(base, head, scope);
        }
        let mut kept = Vec::new();
        let towards_head = grouped.map_or(self.way.towards_head, |grouped| grouped.head);
        let only = place.operand || place.top || !self.way.both_columns || grouped.is_some();
        let mut matched: Vec<bool> = vec![false; base.projection.len()];
        for item in &head.projection {
            let twin = base
                .projection
                .iter()
                .position(|old| same(old, item) || (name(old).is_some() && name(old) == name(item)));
            let Some(at) = twin else {
                if self.maker(None, Some(item), scope).unwrap_or(!only || towards_head) {
                    kept.push(item.clone());
                }
                continue;
            };
            matched[at] = true;
            let old = &base.projection[at];
            kept.push(if self.column(old, item, place, scope, towards_head) { item.clone() } else { old.clone() });
        }
        for (old, matched) in base.projection.iter().zip(matched) {
            if !matched && self.maker(Some(old), None, scope).map_or(!only || !towards_head, |gone| !gone) {
                kept.push(old.clone());
            }
        }
        match grouped {
            Some(grouped) if !grouped.keys.is_empty() => {
                kept.into_iter().map(|item| within(item, grouped.keys)).collect()
            }
            _ => kept,
        }
    }

    /// Columns by which rows are told apart: one edit for all of them.
    fn told_apart(&mut self, base: &Select, head: &Select, scope: usize) -> Vec<SelectItem> {
        let without = |some: &Select, other: &Select| -> Vec<SelectItem> {
            let alike = |item: &SelectItem, old: &SelectItem| match (expression(item), expression(old)) {
                (Some(a), Some(b)) => same_but_for_qualifiers(&a, &b),
                _ => same(item, old),
            };
            some.projection
                .iter()
                .filter(|item| !other.projection.iter().any(|old| alike(item, old)))
                .cloned()
                .collect()
        };
        let (gone, fresh) = (without(base, head), without(head, base));
        if gone.is_empty() && fresh.is_empty() && base.projection.len() == head.projection.len() {
            return if self.way.towards_head { head.projection.clone() } else { base.projection.clone() };
        }
        let part = |this: &Self, items: &[SelectItem], side: usize| -> Option<Part> {
            let first = items.first()?;
            let texts: Vec<String> = items.iter().map(|item| this.part(item, side).text).collect();
            Some(Part { text: texts.join(", "), span: this.texts[side].span(first.span()) })
        };
        let (base_part, head_part) = (part(self, &gone, 0), part(self, &fresh, 1));
        let made = self.edit(EditKind::Columns, "", scope, base_part, head_part);
        if made { head.projection.clone() } else { base.projection.clone() }
    }

    /// One column of both sides; whether head's is chosen.
    fn column(&mut self, old: &SelectItem, new: &SelectItem, place: Place, scope: usize, towards_head: bool) -> bool {
        let (Some(before), Some(now)) = (expression(old), expression(new)) else { return towards_head };
        if same_but_for_qualifiers(&before, &now) {
            return super::conjuncts::qualifiers(&now).len() >= super::conjuncts::qualifiers(&before).len();
        }
        let makes = row_maker(&before) || row_maker(&now);
        // What nothing reads makes and drops no row.
        if place.top && !makes {
            return towards_head;
        }
        let kind = if makes { EditKind::Maker } else { EditKind::Column };
        let about = name(new).unwrap_or_default();
        let (before, now) = (self.part(&before, 0), self.part(&now, 1));
        self.edit(kind, &about, scope, Some(before), Some(now))
    }

    /// An item that only one side has and that makes rows: whether the edit is made; `None`: it makes none.
    fn maker(&mut self, old: Option<&SelectItem>, new: Option<&SelectItem>, scope: usize) -> Option<bool> {
        let part = |this: &Self, item: Option<&SelectItem>, side| {
            let expr = item.and_then(expression).filter(row_maker)?;
            Some(this.part(&expr, side))
        };
        let (base, head) = (part(self, old, 0), part(self, new, 1));
        if base.is_none() && head.is_none() {
            return None;
        }
        Some(self.edit(EditKind::Maker, "", scope, base, head))
    }
}

/// The name of an item, lower-case.
fn name(item: &SelectItem) -> Option<String> {
    let ident = match item {
        SelectItem::ExprWithAlias { alias, .. } => alias,
        SelectItem::UnnamedExpr(Expr::Identifier(only)) => only,
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last()?,
        _ => return None,
    };
    Some(ident.value.to_lowercase())
}

/// An item of a grouped select: what is no key and no aggregate becomes one.
fn within(item: SelectItem, keys: &[Expr]) -> SelectItem {
    let alias = name(&item);
    let Some(expr) = expression(&item) else { return item };
    if aggregated(&expr) || keys.iter().any(|key| same_but_for_qualifiers(key, &expr)) {
        return item;
    }
    let argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    let list = FunctionArgumentList { duplicate_treatment: None, args: vec![argument], clauses: Vec::new() };
    let call = Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new("min")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
    match alias {
        Some(alias) => SelectItem::ExprWithAlias {
            expr: call,
            alias: Ident { value: alias, quote_style: None, span: ParserSpan::empty() },
        },
        None => SelectItem::UnnamedExpr(call),
    }
}

fn calls(expr: &Expr, wanted: fn(&Function) -> bool) -> bool {
    struct Find(fn(&Function) -> bool);
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if (self.0)(function) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Find(wanted)).is_break()
}

/// Whether an expression holds an aggregate.
pub(super) fn aggregated(expr: &Expr) -> bool {
    calls(expr, |function| function.over.is_none() && is_aggregate(&function_name(&function.name)))
}

fn row_maker(expr: &Expr) -> bool {
    calls(expr, |function| makes_rows(&function_name(&function.name)))
}
