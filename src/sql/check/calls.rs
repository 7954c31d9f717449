//! Aggregates and window functions of one expression, those of its subqueries left out.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, FunctionArguments, Query, Spanned, Visit, Visitor};
use sqlparser::tokenizer::Span as ParserSpan;

use crate::sql::expr::function_name;

/// One call of an aggregate or window function.
pub(super) struct Call {
    pub(super) name: String,
    pub(super) windowed: bool,
    /// The aggregate around it.
    pub(super) within: Option<String>,
    pub(super) span: ParserSpan,
}

/// Calls of an expression, in reading order.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) found: Vec<Call>,
    /// Queries around the place at hand.
    queries: usize,
    /// Aggregates around it, by address.
    around: Vec<(*const Function, String)>,
}

impl Calls {
    pub(super) fn of(expr: &Expr) -> Calls {
        let mut calls = Calls::default();
        let _ = expr.visit(&mut calls);
        calls
    }
}

impl Visitor for Calls {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        if self.queries > 0 {
            return ControlFlow::Continue(());
        }
        let name = function_name(&function.name);
        let windowed = function.over.is_some();
        if windowed || is_aggregate(&name, function) {
            let within = self.around.last().map(|(_, name)| name.clone());
            self.found.push(Call { name: name.clone(), windowed, within, span: function.name.span() });
        }
        if !windowed && is_aggregate(&name, function) {
            self.around.push((std::ptr::from_ref(function), name));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && self.around.last().is_some_and(|(at, _)| std::ptr::eq(*at, function))
        {
            self.around.pop();
        }
        ControlFlow::Continue(())
    }
}

/// An aggregate in every dialect that has a function of that name, called as one.
pub(super) fn is_aggregate(name: &str, function: &Function) -> bool {
    match name {
        // With more arguments they are the greatest and the least in some dialects.
        "min" | "max" => matches!(&function.args, FunctionArguments::List(list) if list.args.len() == 1),
        _ => matches!(
            name,
            "sum"
                | "avg"
                | "count"
                | "array_agg"
                | "string_agg"
                | "listagg"
                | "group_concat"
                | "stddev"
                | "stddev_pop"
                | "stddev_samp"
                | "var_pop"
                | "var_samp"
                | "approx_count_distinct"
                | "count_if"
                | "countif"
                | "bool_and"
                | "bool_or"
                | "logical_and"
                | "logical_or"
        ),
    }
}
