//! A version made ready: relations under neutral names, names in one case, positions in GROUP BY written out.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, Query, Select, SelectItem, TableAlias, TableFactor, Value, VisitMut,
    VisitorMut,
};
use sqlparser::tokenizer::TokenWithSpan;

use super::super::Dialect;
use super::super::parse::{parse, single_query};
use super::super::relations::name_span;
use super::super::span::TextIndex;
use super::{SqlError, Version};

const BEFORE: &str = "rowproof_relation_";

/// The query of a version; ids of its relations are added to `ids`.
pub(super) fn prepared(version: Version<'_>, dialect: Dialect, ids: &mut Vec<String>) -> Result<Query, SqlError> {
    let parsed = parse(version.sql, dialect)?;
    let tokens = parsed.tokens;
    let (mut query, _) = single_query(parsed.statements, version.sql)?;
    let text = TextIndex::new(version.sql);
    let known = version.relations.iter().filter(|r| r.known).map(|r| (r.span.start, r.id.as_str())).collect();
    // Where case makes no difference, it must make none here.
    let folds = dialect.fold_key("A", false) != "A";
    let mut ready = Ready { known, text: &text, tokens: &tokens, ids, folds };
    let _ = query.visit(&mut ready);
    Ok(query)
}

/// A text with the names that stand for its relations.
pub(super) fn with_names(text: &str, ids: &[String], named: &dyn Fn(&str) -> String) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEFORE) {
        done.push_str(before);
        let found =
            after.split_once('_').and_then(|(number, after)| Some((ids.get(number.parse::<usize>().ok()?)?, after)));
        match found {
            Some((id, after)) => {
                done.push_str(&named(id));
                rest = after;
            }
            None => {
                done.push_str(BEFORE);
                rest = after;
            }
        }
    }
    done + rest
}

struct Ready<'a> {
    /// Ids by where the name begins.
    known: BTreeMap<usize, &'a str>,
    text: &'a TextIndex<'a>,
    tokens: &'a [TokenWithSpan],
    ids: &'a mut Vec<String>,
    folds: bool,
}

impl VisitorMut for Ready<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return ControlFlow::Continue(()) };
        let place = self.text.span(name_span(name, self.tokens));
        let Some(id) = self.known.get(&place.start).filter(|_| place.known()) else {
            return ControlFlow::Continue(());
        };
        let at = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
            self.ids.push((*id).to_owned());
            self.ids.len() - 1
        });
        let last = name.0.last().and_then(|part| part.as_ident()).cloned();
        if let (None, Some(last)) = (&alias, last) {
            *alias = Some(TableAlias { explicit: true, name: last, columns: Vec::new(), at: None });
        }
        let span = name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span);
        let ident = Ident {
            value: format!("{BEFORE}{at}_"),
            quote_style: None,
            span: span.unwrap_or(sqlparser::tokenizer::Span::empty()),
        };
        *name = ObjectName::from(vec![ident]);
        ControlFlow::Continue(())
    }

    fn pre_visit_ident(&mut self, ident: &mut Ident) -> ControlFlow<()> {
        if self.folds && ident.quote_style.is_none() {
            ident.value = ident.value.to_lowercase();
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let items: Vec<Option<Expr>> = select.projection.iter().map(expression).collect();
        match &mut select.group_by {
            GroupByExpr::Expressions(keys, _) => {
                for key in keys {
                    if let Some(Some(expr)) = position(key).and_then(|at| items.get(at)) {
                        *key = expr.clone();
                    }
                }
            }
            GroupByExpr::All(modifiers) if modifiers.is_empty() => {
                // A star hides keys: then the words stay.
                if items.iter().all(Option::is_some) {
                    let keys = items.into_iter().flatten().filter(|expr| !super::items::aggregated(expr)).collect();
                    select.group_by = GroupByExpr::Expressions(keys, Vec::new());
                }
            }
            GroupByExpr::All(_) => {}
        }
        ControlFlow::Continue(())
    }
}

/// The expression of an item that is one.
pub(super) fn expression(item: &SelectItem) -> Option<Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr.clone()),
        _ => None,
    }
}

/// The item that a key names by its position, from 0.
fn position(key: &Expr) -> Option<usize> {
    let Expr::Value(value) = key else { return None };
    let Value::Number(number, _) = &value.value else { return None };
    number.to_string().parse::<usize>().ok()?.checked_sub(1)
}
