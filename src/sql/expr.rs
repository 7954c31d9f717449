//! Expressions: their canonical form, their kind and the columns that they read.

use std::borrow::Cow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, Expr, Ident, JsonPathElem, ObjectName,
    ObjectNamePart, OrderByExpr, OrderByOptions, OrderBySort, Query, Subscript, UnaryOperator, Value,
};

use super::predicates::{always_true, operands};
use super::resolve::Resolver;
use super::term::{self, Kind, Part, T};
use super::{Dialect, OutputKind, Role, Span};

/// A resolved expression.
pub(super) struct Val {
    pub(super) term: T,
    pub(super) kind: OutputKind,
}

/// Pieces of an expression under construction, with the kind of the whole.
pub(super) struct Build {
    parts: Vec<Part>,
    kind: OutputKind,
}

impl Build {
    pub(super) fn new(start: impl Into<Cow<'static, str>>) -> Build {
        Build { parts: vec![Part::Text(start.into())], kind: OutputKind::Constant }
    }

    pub(super) fn text(&mut self, text: impl Into<Cow<'static, str>>) -> &mut Build {
        self.parts.push(Part::Text(text.into()));
        self
    }

    pub(super) fn value(&mut self, value: Val) -> &mut Build {
        self.kind = stronger(self.kind, value.kind);
        self.parts.push(Part::Term(value.term));
        self
    }

    pub(super) fn sorted(&mut self, values: Vec<Val>, separator: &'static str) -> &mut Build {
        for value in &values {
            self.kind = stronger(self.kind, value.kind);
        }
        self.parts.push(Part::Sorted(values.into_iter().map(|value| value.term).collect(), separator));
        self
    }

    pub(super) fn at_least(&mut self, kind: OutputKind) -> &mut Build {
        self.kind = stronger(self.kind, kind);
        self
    }

    pub(super) fn done(self) -> Val {
        Val { term: term::seq(self.parts), kind: self.kind }
    }
}

/// The kind of an expression made of two.
pub(super) fn stronger(a: OutputKind, b: OutputKind) -> OutputKind {
    use OutputKind::{Aggregated, Constant, Derived, Unknown, Windowed};
    let has = |kind| a == kind || b == kind;
    match () {
        () if has(Unknown) => Unknown,
        () if has(Windowed) => Windowed,
        () if has(Aggregated) => Aggregated,
        () if a == Constant && b == Constant => Constant,
        () => Derived,
    }
}

/// Whether an aggregate stands in the expression itself (not in the blocks that it reads).
pub(super) fn has_aggregate(term: &T) -> bool {
    let Kind::Seq(parts) = &term.kind else { return false };
    let call = match parts.first() {
        Some(Part::Text(text)) => text.split('(').next().is_some_and(super::names::is_aggregate),
        _ => false,
    };
    call || parts.iter().any(|part| match part {
        Part::Text(_) => false,
        Part::Term(term) => has_aggregate(term),
        Part::Sorted(terms, _) => terms.iter().any(has_aggregate),
    })
}

/// An ordering item as text around its key; the default direction is left out.
pub(super) fn order_text(key: T, options: &OrderByOptions) -> T {
    let mut text = String::new();
    match &options.sort {
        Some(OrderBySort::Desc) => text.push_str(" desc"),
        Some(OrderBySort::Using(operator)) => text.push_str(&format!(" using {operator}")),
        Some(OrderBySort::Asc) | None => {}
    }
    match options.nulls_first {
        Some(true) => text.push_str(" nulls first"),
        Some(false) => text.push_str(" nulls last"),
        None => {}
    }
    if text.is_empty() { key } else { term::seq(vec![Part::Term(key), Part::Text(text.into())]) }
}

/// A type as canonical text.
pub(super) fn type_text(data_type: &DataType) -> String {
    let text = data_type.to_string();
    // Values of an enumeration and names of struct fields keep their case.
    if text.contains(['\'', '"', '`']) {
        return text;
    }
    match text.to_ascii_lowercase().as_str() {
        "int" => "integer".to_owned(),
        other => other.to_owned(),
    }
}

impl Resolver<'_> {
    /// Resolves an expression in the scope at hand.
    pub(super) fn expr(&mut self, expr: &Expr) -> Val {
        let unknown = |_: &mut Self| Val { term: term::text("too deep"), kind: OutputKind::Unknown };
        self.deeper(|this| this.expr_here(expr), unknown)
    }

    /// Resolves under a weaker role: what is read here decides, but does not flow on.
    pub(super) fn expr_as(&mut self, role: Role, expr: &Expr) -> Val {
        let outer = self.role;
        if outer == Role::Value {
            self.role = role;
        }
        let value = self.expr(expr);
        self.role = outer;
        value
    }

    pub(super) fn expr_here(&mut self, expr: &Expr) -> Val {
        match expr {
            Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. } | Expr::Between { .. } => {
                self.truth(expr, false)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => self.negation(inner),
            other => self.expr_plain(other),
        }
    }

    /// An expression that is no chain of conditions, or is taken as it stands.
    pub(super) fn expr_plain(&mut self, expr: &Expr) -> Val {
        match expr {
            Expr::Identifier(ident) => self.column_reference(std::slice::from_ref(ident)).0,
            Expr::CompoundIdentifier(parts) => self.column_reference(parts).0,
            Expr::Nested(inner) => self.expr(inner),
            Expr::Value(value) => match &value.value {
                Value::Placeholder(name) if self.dialect == Dialect::Snowflake => {
                    let place = Ident::with_span(value.span, name.as_str());
                    self.column_reference(std::slice::from_ref(&place)).0
                }
                other => constant(value_text(other)),
            },
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => self.unary(op, expr),
            Expr::Function(function) => self.function(function),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { kind, expr, data_type, format } => {
                let value = self.expr(expr);
                let word = match kind {
                    CastKind::Cast | CastKind::DoubleColon => "cast",
                    CastKind::TryCast => "try_cast",
                    CastKind::SafeCast => "safe_cast",
                };
                let format = format.as_ref().map(|format| format!(" {format}")).unwrap_or_default();
                self.cast(word, value, &format!("{}{format}", type_text(data_type)))
            }
            Expr::Convert { is_try, expr, data_type, charset, styles, .. } => {
                let value = self.expr(expr);
                let mut to = data_type.as_ref().map(type_text).unwrap_or_default();
                to.extend(charset.iter().map(|charset| format!(" using {charset}")));
                to.extend(styles.iter().map(|style| format!(" style {style}")));
                self.cast(if *is_try { "try_convert" } else { "convert" }, value, &to)
            }
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::InSubquery { expr, subquery, negated } => {
                let left = self.expr(expr);
                let right = self.subquery("", subquery, true);
                let mut build = Build::new("(");
                build.value(left).text(if *negated { " not in " } else { " in " }).value(right).text(")");
                build.done()
            }
            Expr::Exists { subquery, negated } => {
                let mut build = Build::new(if *negated { "not " } else { "" });
                build.value(self.exists(subquery));
                build.done()
            }
            Expr::Subquery(query) => self.subquery("scalar", query, makes_record(query)),
            Expr::Between { expr, negated, low, high } => {
                let mut build = Build::new("(");
                build.value(self.expr(expr)).text(if *negated { " not between " } else { " between " });
                build.value(self.expr(low)).text(" and ").value(self.expr(high)).text(")");
                build.done()
            }
            other => self.expr_more(other),
        }
    }

    /// CASE; with an operand as the comparisons that it stands for.
    fn case(&mut self, operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) -> Val {
        let mut build = Build::new("case");
        let operand = operand.map(|operand| self.expr_as(Role::Condition, operand));
        for when in conditions {
            let condition = match &operand {
                Some(Val { term, kind }) => {
                    let value = self.expr_as(Role::Condition, &when.condition);
                    self.combine(Val { term: term.clone(), kind: *kind }, &BinaryOperator::Eq, value)
                }
                None => self.expr_as(Role::Condition, &when.condition),
            };
            build.text(" when ").value(condition);
            build.text(" then ").value(self.expr(&when.result));
        }
        // A missing ELSE is ELSE NULL.
        match otherwise {
            Some(result) => build.text(" else ").value(self.expr(result)),
            None => build.text(" else null"),
        };
        build.text(" end");
        build.done()
    }

    /// NOT of a condition; of anything else it also says that the value becomes a truth value.
    fn negation(&mut self, inner: &Expr) -> Val {
        let mut negations = 1usize;
        let mut at = inner;
        loop {
            match at {
                Expr::Nested(inner) => at = inner,
                Expr::UnaryOp { op: UnaryOperator::Not, expr } => (at, negations) = (expr, negations + 1),
                _ => break,
            }
        }
        let bare = matches!(
            at,
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::Function(_) | Expr::Case { .. }
        );
        if negations.is_multiple_of(2) && (bare || matches!(at, Expr::BinaryOp { .. } if !is_condition(at))) {
            let mut build = Build::new("(not (not ");
            build.value(self.expr(at)).text("))");
            return build.done();
        }
        self.truth(at, !negations.is_multiple_of(2))
    }

    pub(super) fn cast(&mut self, word: &str, value: Val, to: &str) -> Val {
        let kind = match value.kind {
            OutputKind::PassThrough | OutputKind::Cast => OutputKind::Cast,
            other => other,
        };
        if let Kind::Seq(parts) = &value.term.kind
            && let [Part::Text(before), Part::Term(_), Part::Text(after)] = parts.as_slice()
            && before.strip_suffix('(') == Some(word)
            && after.strip_prefix(" as ").and_then(|after| after.strip_suffix(')')) == Some(to)
        {
            // A cast to the type that it has.
            return Val { kind, ..value };
        }
        let parts = vec![
            Part::Text(format!("{word}(").into()),
            Part::Term(value.term),
            Part::Text(format!(" as {to})").into()),
        ];
        Val { term: term::seq(parts), kind }
    }

    pub(super) fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Val {
        // Chains of one operator lean left; walk down without nesting.
        let mut chain = vec![(op, right)];
        let mut first = left;
        while let Expr::BinaryOp { left, op, right } = first {
            if matches!(op, BinaryOperator::And | BinaryOperator::Or) {
                break;
            }
            chain.push((op, right));
            first = left;
        }
        let mut value = self.expr(first);
        for (op, right) in chain.into_iter().rev() {
            let right = self.expr(right);
            value = self.combine(value, op, right);
        }
        value
    }

    pub(super) fn combine(&self, left: Val, op: &BinaryOperator, right: Val) -> Val {
        let commutative = match op {
            BinaryOperator::Eq => Some(" = "),
            BinaryOperator::NotEq => Some(" <> "),
            // T-SQL and others join strings with `+`.
            BinaryOperator::Plus if !matches!(self.dialect, Dialect::TSql | Dialect::Generic) => Some(" + "),
            BinaryOperator::Multiply => Some(" * "),
            _ => None,
        };
        let (left, op, right) = turned(left, op, right);
        let mut build = Build::new("(");
        match commutative {
            Some(separator) => build.sorted(vec![left, right], separator),
            None => build.value(left).text(format!(" {} ", op.to_string().to_ascii_lowercase())).value(right),
        };
        build.text(")").at_least(OutputKind::Constant);
        build.done()
    }

    pub(super) fn unary(&mut self, op: &UnaryOperator, inner: &Expr) -> Val {
        let value = self.expr(inner);
        let mut build = match op {
            UnaryOperator::Not => Build::new("(not "),
            other => Build::new(format!("({other}")),
        };
        build.value(value).text(")");
        build.done()
    }

    /// The conjuncts of a condition, each with its place. What is always true is none.
    pub(super) fn conjuncts(&mut self, expr: &Expr) -> Vec<(T, Span)> {
        let mut found = Vec::new();
        for (part, negated) in operands(expr, &BinaryOperator::And, false) {
            if !negated && always_true(part) {
                continue;
            }
            let span = self.text.span(sqlparser::ast::Spanned::span(part));
            let values = self.unlisted(|this| this.conjunct(part, negated, true));
            found.extend(values.into_iter().map(|value| (self.bounded(value.term), span)));
        }
        found
    }

    /// Sources of an ordering item within an expression.
    pub(super) fn order_term(&mut self, order: &OrderByExpr) -> Val {
        let value = self.expr_as(Role::Order, &order.expr);
        Val { term: order_text(value.term, &order.options), kind: value.kind }
    }

    pub(super) fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Val {
        if let [first, rest @ ..] = chain
            && let Some(value) = super::record::field(root, first)
        {
            return self.deeper(
                |this| if rest.is_empty() { this.expr(value) } else { this.access(value, rest) },
                |_| constant("too deep"),
            );
        }
        let mut build = Build::new("");
        // `e.tags[0]`: what stands before the first subscript is one reference.
        let mut parts = match root {
            Expr::Identifier(ident) => vec![ident.clone()],
            Expr::CompoundIdentifier(parts) => parts.clone(),
            _ => Vec::new(),
        };
        let mut chain = chain;
        while let ([_, ..], [AccessExpr::Dot(Expr::Identifier(field)), rest @ ..]) = (parts.as_slice(), chain) {
            parts.push(field.clone());
            chain = rest;
        }
        let root = match (root, chain) {
            // `udf.parse(x).field`: names before a call are the function's. Only in DuckDB a column may stand there.
            (_, [AccessExpr::Dot(Expr::Function(function)), rest @ ..])
                if !parts.is_empty() && self.dialect != Dialect::DuckDb =>
            {
                chain = rest;
                let mut function = function.clone();
                function.name.0.splice(0..0, parts.into_iter().map(ObjectNamePart::Identifier));
                self.function(&function)
            }
            _ if !parts.is_empty() => self.column_reference(&parts).0,
            (Expr::Subquery(query), [AccessExpr::Dot(Expr::Identifier(field)), ..]) if makes_record(query) => {
                self.field_of(query, field)
            }
            _ => self.expr(root),
        };
        build.value(root).at_least(OutputKind::Derived);
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(field)) => {
                    build.text(format!(".{}", self.key(field)));
                }
                AccessExpr::Dot(other) => {
                    build.text(".").value(self.expr(other));
                }
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    build.text("[").value(self.expr(index)).text("]");
                }
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                    build.text("[");
                    for bound in [lower_bound, upper_bound, stride] {
                        if let Some(bound) = bound {
                            build.value(self.expr(bound));
                        }
                        build.text(":");
                    }
                    build.text("]");
                }
            }
        }
        build.done()
    }

    pub(super) fn json_access(&mut self, value: &Expr, path: &[JsonPathElem]) -> Val {
        let mut build = Build::new("");
        build.value(self.expr(value)).at_least(OutputKind::Derived);
        for element in path {
            match element {
                JsonPathElem::Dot { key, .. } => build.text(format!(":{key}")),
                JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } => {
                    build.text("[").value(self.expr(key)).text("]")
                }
            };
        }
        build.done()
    }

    pub(super) fn ceil_floor(&mut self, name: &'static str, expr: &Expr, field: &CeilFloorKind) -> Val {
        let scale = match field {
            CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => String::new(),
            CeilFloorKind::DateTimeField(field) => format!(" to {}", field.to_string().to_ascii_lowercase()),
            CeilFloorKind::Scale(scale) => format!(", {scale}"),
        };
        let value = self.within(name, |this| this.expr(expr));
        let mut build = Build::new(format!("{name}("));
        build.value(value).text(format!("{scale})")).at_least(OutputKind::Constant);
        build.done()
    }

    /// Resolves arguments of a function: its name goes into the path of what they read.
    pub(super) fn within<R>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        self.via.push(name.to_owned());
        let result = work(self);
        self.via.pop();
        result
    }
}

/// Whether a query's row is one value with fields (`select as struct`).
pub(super) fn makes_record(query: &Query) -> bool {
    use sqlparser::ast::{SetExpr, ValueTableMode};
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    matches!(select.value_table_mode, Some(ValueTableMode::AsStruct | ValueTableMode::DistinctAsStruct))
}

/// A value without sources.
pub(super) fn constant(text: impl Into<String>) -> Val {
    Val { term: term::text(text.into()), kind: OutputKind::Constant }
}

/// A comparison with the constant on the right; of two columns, with the lesser on the left.
fn turned(left: Val, op: &BinaryOperator, right: Val) -> (Val, &BinaryOperator, Val) {
    let constant = |value: &Val| value.kind == OutputKind::Constant;
    let other = match op {
        BinaryOperator::Lt => &BinaryOperator::Gt,
        BinaryOperator::LtEq => &BinaryOperator::GtEq,
        BinaryOperator::Gt => &BinaryOperator::Lt,
        BinaryOperator::GtEq => &BinaryOperator::LtEq,
        _ => return (left, op, right),
    };
    let greater = matches!(op, BinaryOperator::Gt | BinaryOperator::GtEq);
    let turn = if constant(&left) == constant(&right) { greater } else { constant(&left) };
    if turn { (right, other, left) } else { (left, op, right) }
}

fn is_condition(expr: &Expr) -> bool {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
    matches!(expr, Expr::BinaryOp { op: And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq, .. })
}

/// A reference as a person would write it.
pub(super) fn written(parts: &[Ident]) -> String {
    parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}

/// A dotted name in lower case.
pub(super) fn function_name(name: &ObjectName) -> String {
    let parts: Vec<String> = name
        .0
        .iter()
        .map(|part| match part.as_ident() {
            Some(ident) => ident.value.to_lowercase(),
            None => part.to_string().to_lowercase(),
        })
        .collect();
    parts.join(".")
}

fn value_text(value: &Value) -> String {
    match value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Boolean(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}
