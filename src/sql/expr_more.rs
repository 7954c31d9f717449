//! The rarer forms of expressions.

use sqlparser::ast::{Array, Expr, Spanned, TrimWhereField};

use super::OutputKind;
use super::expr::{Build, Val};
use super::resolve::Resolver;
use super::term;

impl Resolver<'_> {
    pub(super) fn expr_more(&mut self, expr: &Expr) -> Val {
        match expr {
            Expr::IsNull(inner) => self.after(inner, " is null"),
            Expr::IsNotNull(inner) => self.after(inner, " is not null"),
            Expr::IsTrue(inner) => self.after(inner, " is true"),
            Expr::IsNotTrue(inner) => self.after(inner, " is not true"),
            Expr::IsFalse(inner) => self.after(inner, " is false"),
            Expr::IsNotFalse(inner) => self.after(inner, " is not false"),
            Expr::IsUnknown(inner) => self.after(inner, " is unknown"),
            Expr::IsNotUnknown(inner) => self.after(inner, " is not unknown"),
            Expr::IsDistinctFrom(left, right) => self.either_way(left, " is distinct from ", right),
            Expr::IsNotDistinctFrom(left, right) => self.either_way(left, " is not distinct from ", right),
            Expr::Like { negated, any, expr, pattern, escape_char } => {
                self.like("like", *negated, *any, expr, pattern, escape_char.as_deref())
            }
            Expr::ILike { negated, any, expr, pattern, escape_char } => {
                self.like("ilike", *negated, *any, expr, pattern, escape_char.as_deref())
            }
            Expr::SimilarTo { negated, expr, pattern, escape_char } => {
                self.like("similar to", *negated, false, expr, pattern, escape_char.as_deref())
            }
            Expr::RLike { negated, expr, pattern, .. } => self.like("rlike", *negated, false, expr, pattern, None),
            Expr::AnyOp { left, compare_op, right, .. } => self.sides(left, format!(" {compare_op} any "), right),
            Expr::AllOp { left, compare_op, right } => self.sides(left, format!(" {compare_op} all "), right),
            Expr::InUnnest { expr, array_expr, negated } => {
                self.sides(expr, if *negated { " not in unnest " } else { " in unnest " }, array_expr)
            }
            Expr::AtTimeZone { timestamp, time_zone } => self.sides(timestamp, " at time zone ", time_zone),
            Expr::Collate { expr, collation } => self.after(expr, format!(" collate {collation}")),
            Expr::IsJson { expr, kind, unique_keys, negated } => {
                let not = if *negated { "not " } else { "" };
                self.after(expr, format!(" is {not}json {kind:?} {unique_keys:?}"))
            }
            Expr::IsNormalized { expr, form, negated } => {
                let not = if *negated { "not " } else { "" };
                self.after(expr, format!(" is {not}normalized {form:?}"))
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::JsonAccess { value, path } => self.json_access(value, &path.path),
            Expr::Extract { field, expr, .. } => {
                let value = self.within("extract", |this| this.expr(expr));
                let mut build = Build::new(format!("extract({} from ", field.to_string().to_ascii_lowercase()));
                build.value(value).text(")");
                build.done()
            }
            Expr::Ceil { expr, field } => self.ceil_floor("ceil", expr, field),
            Expr::Floor { expr, field } => self.ceil_floor("floor", expr, field),
            Expr::Position { expr, r#in } => self.list_call("position", [expr.as_ref(), r#in]),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let args = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                self.list_call("substring", args.into_iter().flatten().map(AsRef::as_ref))
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "trim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let what = trim_what.iter().map(AsRef::as_ref).chain(trim_characters.iter().flatten());
                self.list_call(name, std::iter::once(expr.as_ref()).chain(what))
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let args = [Some(expr), Some(overlay_what), Some(overlay_from), overlay_for.as_ref()];
                self.list_call("overlay", args.into_iter().flatten().map(AsRef::as_ref))
            }
            Expr::Tuple(items) => self.list_call("", items),
            Expr::Array(Array { elem, .. }) => self.bracketed("array[", elem, "]"),
            Expr::Interval(interval) => {
                let value = self.expr(&interval.value);
                let unit = |field: &Option<sqlparser::ast::DateTimeField>| {
                    field
                        .as_ref()
                        .map(|field| format!(" {}", field.to_string().to_ascii_lowercase()))
                        .unwrap_or_default()
                };
                let mut build = Build::new("interval ");
                build.value(value).text(unit(&interval.leading_field));
                if interval.last_field.is_some() {
                    build.text(" to").text(unit(&interval.last_field));
                }
                build.done()
            }
            Expr::TypedString(typed) => {
                let name = super::expr::type_text(&typed.data_type);
                super::expr::constant(format!("{name} {}", typed.value))
            }
            // `#1` is a column by its position: nothing to look up.
            Expr::Prefixed { prefix, value } if prefix.value != "#" => {
                let mut build = Build::new(format!("{} ", prefix.value.to_ascii_lowercase()));
                build.value(self.expr(value));
                build.done()
            }
            other => self.expr_rare(other),
        }
    }

    fn expr_rare(&mut self, expr: &Expr) -> Val {
        match expr {
            Expr::Struct { values, fields } => {
                let names: Vec<String> = fields.iter().map(|field| field.to_string().to_ascii_lowercase()).collect();
                self.bracketed(format!("struct<{}>(", names.join(", ")), values, ")")
            }
            Expr::Named { expr, name } => self.after(expr, format!(" as {}", name.value)),
            Expr::Dictionary(fields) => {
                let mut build = Build::new("{");
                for field in fields {
                    build.text(format!("{}: ", field.key)).value(self.expr(&field.value)).text(", ");
                }
                build.text("}").at_least(OutputKind::Derived);
                build.done()
            }
            Expr::Map(map) => {
                let mut build = Build::new("map {");
                for entry in &map.entries {
                    build.value(self.expr(&entry.key)).text(": ").value(self.expr(&entry.value)).text(", ");
                }
                build.text("}").at_least(OutputKind::Derived);
                build.done()
            }
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::GroupingSets(sets) => self.grouping("grouping sets", sets),
            Expr::Cube(sets) => self.grouping("cube", sets),
            Expr::Rollup(sets) => self.grouping("rollup", sets),
            Expr::OuterJoin(inner) => self.after(inner, " (+)"),
            Expr::Prior(inner) => self.after(inner, " of the row above"),
            Expr::MatchAgainst { columns, match_value, opt_search_modifier } => {
                let mode = opt_search_modifier.as_ref().map(|mode| format!(" {mode}")).unwrap_or_default();
                let mut build = Build::new("match(");
                for column in columns {
                    let parts = column.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                    build.value(self.expr(&Expr::CompoundIdentifier(parts))).text(", ");
                }
                build.text(format!(") against ({match_value}{mode})")).at_least(OutputKind::Derived);
                build.done()
            }
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => {
                self.supported = false;
                super::expr::constant("*")
            }
            other => {
                let span = self.text.span(other.span());
                let shown: String = other.to_string().chars().take(60).collect();
                self.unsupported(shown, span);
                Val { term: term::text("unsupported"), kind: OutputKind::Unknown }
            }
        }
    }

    fn after(&mut self, inner: &Expr, suffix: impl Into<std::borrow::Cow<'static, str>>) -> Val {
        let mut build = Build::new("(");
        build.value(self.expr(inner)).text(suffix).text(")");
        build.done()
    }

    fn sides(&mut self, left: &Expr, operator: impl Into<std::borrow::Cow<'static, str>>, right: &Expr) -> Val {
        let mut build = Build::new("(");
        build.value(self.expr(left)).text(operator).value(self.expr(right)).text(")");
        build.done()
    }

    /// Sides that may change places.
    fn either_way(&mut self, left: &Expr, operator: &'static str, right: &Expr) -> Val {
        let sides = vec![self.expr(left), self.expr(right)];
        let mut build = Build::new("(");
        build.sorted(sides, operator).text(")");
        build.done()
    }

    fn like(
        &mut self,
        word: &str,
        negated: bool,
        any: bool,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Val {
        let not = if negated { " not" } else { "" };
        let any = if any { " any" } else { "" };
        let mut build = Build::new("(");
        build.value(self.expr(expr)).text(format!("{not} {word}{any} ")).value(self.expr(pattern));
        if let Some(escape) = escape {
            build.text(format!(" escape {escape}"));
        }
        build.text(")");
        build.done()
    }

    /// `name(a, b)` of a form that the parser knows by its own syntax.
    fn list_call<'e>(&mut self, name: &'static str, args: impl IntoIterator<Item = &'e Expr>) -> Val {
        let mut build = Build::new(format!("{name}("));
        for (at, arg) in args.into_iter().enumerate() {
            build.text(if at > 0 { ", " } else { "" });
            let value = if name.is_empty() { self.expr(arg) } else { self.within(name, |this| this.expr(arg)) };
            build.value(value);
        }
        build.text(")");
        build.done()
    }

    fn bracketed(
        &mut self,
        open: impl Into<std::borrow::Cow<'static, str>>,
        items: &[Expr],
        close: &'static str,
    ) -> Val {
        let mut build = Build::new(open);
        for (at, item) in items.iter().enumerate() {
            build.text(if at > 0 { ", " } else { "" });
            build.value(self.expr(item));
        }
        build.text(close);
        build.done()
    }

    fn grouping(&mut self, word: &'static str, sets: &[Vec<Expr>]) -> Val {
        let mut build = Build::new(format!("{word} ("));
        for set in sets {
            build.text("(");
            for expr in set {
                build.value(self.expr(expr)).text(", ");
            }
            build.text(")");
        }
        build.text(")").at_least(OutputKind::Derived);
        build.done()
    }
}
