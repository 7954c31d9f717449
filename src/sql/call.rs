//! Function calls: arguments, windows, filters and orderings, each with the part it plays.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentClause,
    FunctionArguments, SelectItemQualifiedWildcardKind, Value, WildcardAdditionalOptions, WindowFrameBound, WindowSpec,
    WindowType,
};

use super::expr::{Build, Val, constant, function_name};
use super::names;
use super::resolve::Resolver;
use super::{OutputKind, Role};

impl Resolver<'_> {
    pub(super) fn function(&mut self, function: &Function) -> Val {
        let name = function_name(&function.name);
        let aggregate = names::is_aggregate(&name);
        let windowed = function.over.is_some();
        self.note_function(&name, aggregate, windowed);
        if let Some(all) = self.unpacked(function) {
            self.supported = false;
            return all;
        }
        if name == "columns" && self.dialect == super::Dialect::DuckDb {
            let span = self.text.span(sqlparser::ast::Spanned::span(&function.name));
            self.unsupported("columns(...)", span);
        }
        if name == "coalesce"
            && let FunctionArguments::List(list) = &function.args
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(only))] = list.args.as_slice()
        {
            return self.within("coalesce", |this| this.expr(only));
        }
        let mut build = Build::new(format!("{name}("));
        self.via.push(name.clone());
        if !matches!(function.parameters, FunctionArguments::None) {
            self.arguments(function, &name, &function.parameters, &mut build);
            build.text(")(");
        }
        self.arguments(function, &name, &function.args, &mut build);
        build.text(")");
        if !function.within_group.is_empty() {
            // An ordered-set aggregate computes on what it orders by; LISTAGG only orders.
            let value = name.starts_with("percentile") || name.starts_with("approx_percentile") || name == "mode";
            build.text(" within group (order by ");
            for order in &function.within_group {
                let term = if value {
                    let inner = self.expr(&order.expr);
                    Val { term: super::expr::order_text(inner.term, &order.options), kind: inner.kind }
                } else {
                    self.order_term(order)
                };
                build.value(term).text(", ");
            }
            build.text(")");
        }
        if let Some(filter) = &function.filter {
            build.text(" filter (where ").value(self.expr_as(Role::Condition, filter)).text(")");
        }
        if let Some(nulls) = &function.null_treatment {
            build.text(format!(" {}", nulls.to_string().to_ascii_lowercase()));
        }
        if let Some(over) = &function.over {
            self.window(over, &mut build);
        }
        self.via.pop();
        build.at_least(match (windowed, aggregate) {
            (true, _) => OutputKind::Windowed,
            (false, true) => OutputKind::Aggregated,
            (false, false) => OutputKind::Constant,
        });
        let value = build.done();
        if names::makes_rows(&name) && !windowed {
            self.flags.makers.push(value.term.clone());
            let kind = super::expr::stronger(value.kind, OutputKind::Derived);
            return Val { kind, ..value };
        }
        value
    }

    fn note_function(&mut self, name: &str, aggregate: bool, windowed: bool) {
        if windowed || names::is_window_only(name) {
            self.flags.window = true;
        } else if aggregate {
            self.flags.aggregate = true;
        } else if !names::is_scalar(name) && !names::makes_rows(name) {
            self.flags.unknown_function = true;
        }
        // Two readings of one text may differ: nothing may be called equal.
        if names::is_volatile(name) {
            self.supported = false;
        }
    }

    fn arguments(&mut self, call: &Function, function: &str, arguments: &FunctionArguments, build: &mut Build) {
        let list = match arguments {
            FunctionArguments::None => return,
            FunctionArguments::Subquery(query) => {
                let value = if function == "exists" { self.exists(query) } else { self.subquery("", query, true) };
                build.value(value);
                return;
            }
            FunctionArguments::List(list) => list,
        };
        if let Some(treatment) = &list.duplicate_treatment {
            let word = treatment.to_string().to_ascii_lowercase();
            if word != "all" {
                build.text(format!("{word} "));
            }
        }
        let named = std::mem::take(&mut self.names_arguments);
        let count = list.args.len();
        let date_part = names::date_part_argument(self.dialect, function, count);
        for (at, arg) in list.args.iter().enumerate() {
            if at > 0 {
                build.text(", ");
            }
            let arg = match arg {
                FunctionArg::Unnamed(arg) => arg,
                // `if(status = 'x', ...)`: only functions in FROM take arguments by `name = value`.
                FunctionArg::Named {
                    name,
                    arg: FunctionArgExpr::Expr(right),
                    operator: FunctionArgOperator::Equals,
                } if !named => {
                    let role =
                        if names::deciding_argument(function, at, count) { Role::Condition } else { Role::Value };
                    let left = self.expr_as(role, &Expr::Identifier(name.clone()));
                    let right = self.expr_as(role, right);
                    build.value(self.combine(left, &BinaryOperator::Eq, right));
                    continue;
                }
                FunctionArg::Named { name, arg, operator } => {
                    build.text(format!("{} {operator} ", self.key(name)));
                    arg
                }
                FunctionArg::ExprNamed { name, arg, operator } => {
                    build.text(format!("{} {operator} ", name.to_string().to_ascii_lowercase()));
                    arg
                }
            };
            let expr = match arg {
                // Every row counts, whatever the constant.
                FunctionArgExpr::Expr(Expr::Value(value))
                    if function == "count"
                        && count == 1
                        && list.duplicate_treatment.is_none()
                        && matches!(value.value, Value::Number(..) | Value::Boolean(_)) =>
                {
                    build.text("*");
                    continue;
                }
                FunctionArgExpr::Expr(expr) => expr,
                FunctionArgExpr::Wildcard => {
                    self.star_argument(call, None, &Default::default(), build);
                    continue;
                }
                FunctionArgExpr::QualifiedWildcard(of) => {
                    let of = SelectItemQualifiedWildcardKind::ObjectName(of.clone());
                    self.star_argument(call, Some(&of), &Default::default(), build);
                    continue;
                }
                FunctionArgExpr::WildcardWithOptions(options) => {
                    self.star_argument(call, None, options, build);
                    continue;
                }
            };
            if names::takes_arrow(function)
                && let Some((params, body)) = super::lambda::disguised(self.dialect, expr)
            {
                build.value(self.lambda_of(&params, &body));
            } else if date_part == Some(at)
                && let Some(part) = date_part_word(expr)
            {
                build.value(constant(part));
            } else if names::deciding_argument(function, at, count) {
                build.value(self.expr_as(Role::Condition, expr));
            } else if names::ordering_argument(function, at) {
                build.value(self.expr_as(Role::Order, expr));
            } else {
                build.value(self.expr(expr));
            }
        }
        for clause in &list.clauses {
            self.argument_clause(clause, build);
        }
    }

    /// `hash(*)` reads all columns, `count(*)` none.
    fn star_argument(
        &mut self,
        call: &Function,
        of: Option<&SelectItemQualifiedWildcardKind>,
        options: &WildcardAdditionalOptions,
        build: &mut Build,
    ) {
        let counts =
            matches!(function_name(&call.name).as_str(), "count" | "count_big" | "countif" | "count_if" | "columns");
        if of.is_none() && counts {
            build.text(format!("*{options}"));
            return;
        }
        // Which columns the star stands for is not in the text.
        self.supported = false;
        build.text("*");
        if counts {
            return;
        }
        let place = self.text.span(sqlparser::ast::Spanned::span(&call.name));
        let (columns, open) = self.starred(of, options, place);
        for column in &columns {
            build.text(" ").value(self.read(column, place));
        }
        if let Some(open) = open {
            self.open_value(open.tables.into_iter().collect(), place);
        }
    }

    fn argument_clause(&mut self, clause: &FunctionArgumentClause, build: &mut Build) {
        match clause {
            FunctionArgumentClause::OrderBy(orders) => {
                build.text(" order by ");
                for order in orders {
                    build.value(self.order_term(order)).text(", ");
                }
            }
            FunctionArgumentClause::Where(expr) => {
                build.text(" where ").value(self.expr_as(Role::Condition, expr));
            }
            FunctionArgumentClause::Limit(expr) => {
                build.text(" limit ").value(self.expr(expr));
            }
            FunctionArgumentClause::Having(bound) => {
                build.text(" having ").value(self.expr_as(Role::Order, &bound.1)).text(format!(" {:?}", bound.0));
            }
            other => {
                build.text(format!(" {other}"));
            }
        }
    }

    fn window(&mut self, over: &WindowType, build: &mut Build) {
        build.text(" over (");
        match over {
            WindowType::WindowSpec(spec) => self.window_spec(spec, build, 0),
            WindowType::NamedWindow(name) => self.named_window(name, build, 0),
        }
        build.text(")");
    }

    fn named_window(&mut self, name: &sqlparser::ast::Ident, build: &mut Build, nesting: usize) {
        let key = self.key(name);
        match self.scopes.last().and_then(|scope| scope.windows.get(&key)).cloned() {
            // A window may be named after another; a circle is an error of the text.
            Some(spec) if nesting < 8 => self.window_spec(&spec, build, nesting + 1),
            _ => {
                let span = self.text.span(name.span);
                self.unsupported(format!("window {}", name.value), span);
            }
        }
    }

    fn window_spec(&mut self, spec: &WindowSpec, build: &mut Build, nesting: usize) {
        if let Some(name) = &spec.window_name {
            self.named_window(name, build, nesting);
            build.text(" ");
        }
        if !spec.partition_by.is_empty() {
            let keys = spec.partition_by.iter().map(|expr| self.expr_as(Role::Window, expr)).collect();
            build.text("partition by ").sorted(keys, ", ").text(" ");
        }
        if !spec.order_by.is_empty() {
            build.text("order by ");
            for (at, order) in spec.order_by.iter().enumerate() {
                build.text(if at > 0 { ", " } else { "" }).value(self.order_term(order));
            }
        }
        if let Some(frame) = &spec.window_frame {
            build.text(format!(" {}", frame.units.to_string().to_ascii_lowercase()));
            self.bound(&frame.start_bound, build);
            build.text(" to");
            self.bound(frame.end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow), build);
        }
    }

    fn bound(&mut self, bound: &WindowFrameBound, build: &mut Build) {
        let (offset, word) = match bound {
            WindowFrameBound::CurrentRow => {
                build.text(" current row");
                return;
            }
            WindowFrameBound::Preceding(offset) => (offset, " preceding"),
            WindowFrameBound::Following(offset) => (offset, " following"),
        };
        match offset {
            Some(offset) => build.text(" ").value(self.expr(offset)),
            None => build.text(" unbounded"),
        };
        build.text(word);
    }
}

/// The date part that an argument names without quotes (`day`, `week(monday)`).
fn date_part_word(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) if names::is_date_part(&ident.value) => Some(ident.value.to_ascii_lowercase()),
        Expr::Function(function) if names::is_date_part(&function_name(&function.name)) => {
            Some(function.to_string().to_ascii_lowercase())
        }
        _ => None,
    }
}
