//! Expressions of the syntax tree as nodes, and the items of a select list.

use std::collections::BTreeSet;

use sqlparser::ast::{
    BinaryOperator, CastKind, ExcludeSelectItem, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, ObjectName, OrderByExpr, OrderBySort, RenameSelectItem, Select as AstSelect, SelectItem,
    SelectItemQualifiedWildcardKind, Spanned, UnaryOperator, Value, WildcardAdditionalOptions, WindowSpec, WindowType,
};

use super::build::Reader;
use super::names::Known;
use super::{Call, Item, Kind, Literal, Node, OrderKey, Window};
use crate::sql::Span;
use crate::sql::expr::{function_name, type_text};
use crate::sql::names;

impl Reader<'_> {
    /// The node of an expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Node {
        if matches!(expr, Expr::BinaryOp { .. }) {
            return self.chain(expr);
        }
        let span = self.text.span(expr.span());
        let kind = match expr {
            Expr::Nested(inner) => return Node { bracketed: true, ..self.expr(inner) },
            Expr::Identifier(ident) => return self.reference(std::slice::from_ref(ident), span),
            Expr::CompoundIdentifier(parts) => return self.reference(parts, span),
            Expr::Value(value) => Kind::Literal(literal(&value.value)),
            Expr::TypedString(typed) => match literal(&typed.value.value) {
                Literal::Text(text) => Kind::Literal(Literal::Typed(type_text(&typed.data_type), text)),
                other => Kind::Literal(other),
            },
            Expr::Function(function) => Kind::Call(Box::new(self.call(function))),
            Expr::UnaryOp { op, expr } => {
                let operator = match op {
                    UnaryOperator::Not => "not",
                    UnaryOperator::Minus => "-",
                    UnaryOperator::Plus => return self.expr(expr),
                    _ => return self.other("operator", &[expr.as_ref()], span),
                };
                Kind::Unary { operator, inner: self.boxed(expr) }
            }
            Expr::IsNull(inner) => Kind::IsNull { inner: self.boxed(inner), negated: false },
            Expr::IsNotNull(inner) => Kind::IsNull { inner: self.boxed(inner), negated: true },
            Expr::IsTrue(inner) => Kind::Unary { operator: "is true", inner: self.boxed(inner) },
            Expr::IsNotTrue(inner) => Kind::Unary { operator: "is not true", inner: self.boxed(inner) },
            Expr::IsFalse(inner) => Kind::Unary { operator: "is false", inner: self.boxed(inner) },
            Expr::IsNotFalse(inner) => Kind::Unary { operator: "is not false", inner: self.boxed(inner) },
            Expr::IsDistinctFrom(left, right) => self.between_two("is distinct from", left, right),
            Expr::IsNotDistinctFrom(left, right) => self.between_two("is not distinct from", left, right),
            Expr::Like { negated, expr, pattern, .. } => {
                self.between_two(if *negated { "not like" } else { "like" }, expr, pattern)
            }
            Expr::ILike { negated, expr, pattern, .. } => {
                self.between_two(if *negated { "not ilike" } else { "ilike" }, expr, pattern)
            }
            Expr::Case { operand, conditions, else_result, .. } => Kind::Case {
                operand: operand.as_ref().map(|operand| self.boxed(operand)),
                whens: conditions.iter().map(|when| (self.expr(&when.condition), self.expr(&when.result))).collect(),
                otherwise: else_result.as_ref().map(|result| self.boxed(result)),
            },
            Expr::Cast { kind, expr, data_type, .. } => Kind::Cast {
                inner: self.boxed(expr),
                to: type_text(data_type),
                safe: !matches!(kind, CastKind::Cast | CastKind::DoubleColon),
            },
            Expr::Convert { is_try, expr, data_type: Some(to), .. } => {
                Kind::Cast { inner: self.boxed(expr), to: type_text(to), safe: *is_try }
            }
            Expr::InList { expr, list, negated } => Kind::In {
                inner: self.boxed(expr),
                list: list.iter().map(|one| self.expr(one)).collect(),
                negated: *negated,
            },
            Expr::InSubquery { expr, subquery, negated } => {
                Kind::InQuery { inner: self.boxed(expr), block: self.query(subquery), negated: *negated }
            }
            Expr::Exists { subquery, negated } => Kind::Exists { block: self.query(subquery), negated: *negated },
            Expr::Subquery(query) => Kind::Query(self.query(query)),
            Expr::Between { expr, negated, low, high } => Kind::Between {
                inner: self.boxed(expr),
                low: self.boxed(low),
                high: self.boxed(high),
                negated: *negated,
            },
            Expr::AtTimeZone { timestamp, time_zone } => {
                Kind::TimeZone { inner: self.boxed(timestamp), zone: self.boxed(time_zone) }
            }
            other => return self.rest(other, span),
        };
        Node::new(kind, span)
    }

    /// Expressions that rules only look through.
    fn rest(&mut self, expr: &Expr, span: Span) -> Node {
        match expr {
            Expr::Extract { field, expr, .. } => {
                let field = Node::new(Kind::Literal(Literal::Other(field.to_string().to_lowercase())), Span::default());
                let parts = vec![field, self.expr(expr)];
                Node::new(Kind::Other { word: "extract", parts }, span)
            }
            Expr::Ceil { expr, .. } => self.other("ceil", &[expr], span),
            Expr::Floor { expr, .. } => self.other("floor", &[expr], span),
            Expr::Position { expr, r#in } => self.other("position", &[expr, r#in], span),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let more = substring_from.iter().chain(substring_for).map(AsRef::as_ref);
                let parts: Vec<&Expr> = std::iter::once(expr.as_ref()).chain(more).collect();
                self.other("substring", &parts, span)
            }
            Expr::Trim { expr, .. } => self.other("trim", &[expr], span),
            Expr::Collate { expr, .. } => self.expr(expr),
            Expr::Tuple(parts) => self.other("", &parts.iter().collect::<Vec<_>>(), span),
            Expr::Array(array) => self.other("array", &array.elem.iter().collect::<Vec<_>>(), span),
            Expr::Struct { values, .. } => self.other("struct", &values.iter().collect::<Vec<_>>(), span),
            Expr::Named { expr, .. } | Expr::Prior(expr) | Expr::OuterJoin(expr) => self.expr(expr),
            Expr::CompoundFieldAccess { root, .. } => self.other("field", &[root], span),
            Expr::JsonAccess { value, .. } => self.other("field", &[value], span),
            Expr::AnyOp { left, right, .. } => self.other("any", &[left, right], span),
            Expr::AllOp { left, right, .. } => self.other("all", &[left, right], span),
            Expr::InUnnest { expr, array_expr, .. } => self.other("in unnest", &[expr, array_expr], span),
            Expr::SimilarTo { expr, pattern, .. } | Expr::RLike { expr, pattern, .. } => {
                self.other("similar", &[expr, pattern], span)
            }
            Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                self.other("grouping sets", &sets.iter().flatten().collect::<Vec<_>>(), span)
            }
            Expr::Interval(interval) => {
                let text = interval.to_string().to_lowercase();
                Node::new(Kind::Literal(Literal::Typed("interval".to_owned(), text)), span)
            }
            other => Node::new(Kind::Unresolved(other.to_string().to_lowercase()), span),
        }
    }

    fn other(&mut self, word: &'static str, parts: &[&Expr], span: Span) -> Node {
        let parts = parts.iter().map(|part| self.expr(part)).collect();
        Node::new(Kind::Other { word, parts }, span)
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.expr(expr))
    }

    fn between_two(&mut self, operator: &str, left: &Expr, right: &Expr) -> Kind {
        Kind::Binary { operator: operator.to_owned(), left: self.boxed(left), right: self.boxed(right) }
    }

    /// Chains of operators lean left and may be long: walked without nesting, each place made from those of its sides (to
    /// ask the tree for it again at every step would take the square of the length).
    fn chain(&mut self, expr: &Expr) -> Node {
        let (mut links, mut at) = (Vec::new(), expr);
        while let Expr::BinaryOp { left, op, right } = at {
            links.push((op, right.as_ref()));
            at = left;
        }
        let mut node = self.expr(at);
        for (op, right) in links.into_iter().rev() {
            let right = Box::new(self.expr(right));
            let operator = match op {
                BinaryOperator::NotEq => "<>".to_owned(),
                other => other.to_string().to_lowercase(),
            };
            let span = joined(node.span, right.span);
            node = Node::new(Kind::Binary { operator, left: Box::new(node), right }, span);
        }
        node
    }

    fn call(&mut self, function: &Function) -> Call {
        let name = function_name(&function.name);
        let over = function.over.as_ref().map(|over| self.window(over));
        let mut call = Call {
            aggregate: names::is_aggregate(&name) && over.is_none(),
            name,
            args: Vec::new(),
            star: false,
            distinct: false,
            filter: function.filter.as_ref().map(|filter| self.expr(filter)),
            order: function.within_group.iter().map(|key| self.order_key(key, |this, expr| this.expr(expr))).collect(),
            over,
        };
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                let block = self.query(query);
                call.args.push(Node::new(Kind::Query(block), Span::default()));
            }
            FunctionArguments::List(list) => {
                call.distinct = list
                    .duplicate_treatment
                    .as_ref()
                    .is_some_and(|one| one.to_string().eq_ignore_ascii_case("distinct"));
                for arg in &list.args {
                    let arg = match arg {
                        FunctionArg::Unnamed(arg)
                        | FunctionArg::Named { arg, .. }
                        | FunctionArg::ExprNamed { arg, .. } => arg,
                    };
                    match arg {
                        FunctionArgExpr::Expr(expr) => call.args.push(self.expr(expr)),
                        _ => call.star = true,
                    }
                }
            }
        }
        call
    }

    fn window(&mut self, over: &WindowType) -> Window {
        match over {
            WindowType::WindowSpec(spec) => self.window_spec(spec),
            // Named windows are written once and seldom: what they say is left out rather than guessed.
            WindowType::NamedWindow(_) => Window { frame: Some("named".to_owned()), ..Window::default() },
        }
    }

    fn window_spec(&mut self, spec: &WindowSpec) -> Window {
        Window {
            partition: spec.partition_by.iter().map(|expr| self.expr(expr)).collect(),
            order: spec.order_by.iter().map(|key| self.order_key(key, |this, expr| this.expr(expr))).collect(),
            frame: match (&spec.window_frame, &spec.window_name) {
                (Some(frame), _) => Some(frame.units.to_string().to_lowercase() + " ..."),
                (None, Some(_)) => Some("named".to_owned()),
                (None, None) => None,
            },
        }
    }

    pub(super) fn order_key(&mut self, key: &OrderByExpr, node: impl FnOnce(&mut Self, &Expr) -> Node) -> OrderKey {
        let descending = matches!(key.options.sort, Some(OrderBySort::Desc));
        OrderKey { node: node(self, &key.expr), descending }
    }

    /// The output columns, and whether a star stands for unknown ones.
    pub(super) fn items(&mut self, select: &AstSelect) -> (Vec<Item>, bool) {
        self.scope().aliases = self.dialect.lateral_aliases();
        let (mut items, mut open) = (Vec::new(), false);
        for item in &select.projection {
            let (name, node) = match item {
                SelectItem::UnnamedExpr(expr) => (unnamed(expr), self.expr(expr)),
                SelectItem::ExprWithAlias { expr, alias } => (Some(alias.value.to_lowercase()), self.expr(expr)),
                SelectItem::ExprWithAliases { .. } => {
                    open = true;
                    continue;
                }
                SelectItem::Wildcard(options) => {
                    self.star(None, options, select.exclude.as_ref(), &mut items, &mut open);
                    continue;
                }
                SelectItem::QualifiedWildcard(of, options) => {
                    let SelectItemQualifiedWildcardKind::ObjectName(name) = of else {
                        open = true;
                        continue;
                    };
                    self.star(Some(name), options, select.exclude.as_ref(), &mut items, &mut open);
                    continue;
                }
            };
            let name = name.unwrap_or_else(|| format!("_col_{}", items.len()));
            self.scope().items.push((name.clone(), node.clone()));
            items.push(Item { name, node, starred: false });
        }
        (items, open)
    }

    fn star(
        &mut self,
        of: Option<&ObjectName>,
        options: &WildcardAdditionalOptions,
        exclude: Option<&ExcludeSelectItem>,
        items: &mut Vec<Item>,
        open: &mut bool,
    ) {
        let span = self.text.span(options.wildcard_token.0.span);
        let excluded = excluded(options, exclude);
        let replaced: Vec<(String, Node)> = options
            .opt_replace
            .iter()
            .flat_map(|replace| &replace.items)
            .map(|one| (one.column_name.value.to_lowercase(), self.expr(&one.expr)))
            .collect();
        let renamed = renamed(options);
        let qualifier: Option<Vec<String>> = of.map(|name| {
            let idents = name.0.iter().filter_map(|part| part.as_ident());
            idents.map(|part| self.dialect.fold_key(&part.value, part.quote_style.is_some())).collect()
        });
        *open |= options.opt_ilike.is_some();
        let scope = self.scope();
        let mut found = Vec::new();
        for (at, (names, known)) in scope.sources.iter().enumerate() {
            let wanted = qualifier.as_ref().is_none_or(|qualifier| names.ends_with(qualifier));
            if !wanted || scope.hidden.contains(&at) {
                continue;
            }
            let columns = match known {
                Known::All(columns) => columns,
                Known::Some(columns) => {
                    *open = true;
                    columns
                }
            };
            // A column of USING is shown once.
            let again = |name: &String| {
                let second = |(merged, members): &(String, Vec<usize>)| merged == name && members[1..].contains(&at);
                qualifier.is_none() && scope.merged.iter().any(second)
            };
            found.extend(
                columns.iter().filter(|name| !excluded.contains(*name) && !again(name)).map(|name| (at, name.clone())),
            );
        }
        for (source, name) in found {
            let column = Node::new(Kind::Column { source, name: name.clone() }, span);
            let replacement = replaced.iter().find(|(of, _)| *of == name);
            let starred = replacement.is_none();
            let node = replacement.map_or(column, |(_, node)| node.clone());
            let name = renamed.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| to.clone());
            items.push(Item { name, node, starred });
        }
    }
}

fn excluded(options: &WildcardAdditionalOptions, trailing: Option<&ExcludeSelectItem>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let last =
        |name: &ObjectName| name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase());
    for exclude in options.opt_exclude.iter().chain(trailing) {
        match exclude {
            ExcludeSelectItem::Single(name) => names.extend(last(name)),
            ExcludeSelectItem::Multiple(list) => names.extend(list.iter().filter_map(last)),
        }
    }
    if let Some(except) = &options.opt_except {
        let all = std::iter::once(&except.first_element).chain(&except.additional_elements);
        names.extend(all.map(|ident| ident.value.to_lowercase()));
    }
    names
}

fn renamed(options: &WildcardAdditionalOptions) -> Vec<(String, String)> {
    let pair = |from: &Ident, to: &Ident| (from.value.to_lowercase(), to.value.to_lowercase());
    match &options.opt_rename {
        None => Vec::new(),
        Some(RenameSelectItem::Single(one)) => vec![pair(&one.ident, &one.alias)],
        Some(RenameSelectItem::Multiple(list)) => list.iter().map(|one| pair(&one.ident, &one.alias)).collect(),
    }
}

/// The name of an item without alias.
fn unnamed(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => Some(ident.value.to_lowercase()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|ident| ident.value.to_lowercase()),
        Expr::Nested(inner) => unnamed(inner),
        Expr::Cast { expr, .. } => unnamed(expr),
        _ => None,
    }
}

/// From the start of one place to the end of another.
fn joined(first: Span, last: Span) -> Span {
    match (first.known(), last.known()) {
        (true, true) if last.end > first.start => {
            Span { end_line: last.end_line, end_column: last.end_column, end: last.end, ..first }
        }
        (false, _) => last,
        _ => first,
    }
}

fn literal(value: &Value) -> Literal {
    match value {
        Value::Number(text, _) => Literal::Number(text.to_string()),
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Literal::Text(text.clone()),
        Value::Boolean(value) => Literal::Bool(*value),
        Value::Null => Literal::Null,
        other => Literal::Other(other.to_string()),
    }
}
