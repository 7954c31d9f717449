//! WITH entries, recursive ones too, and the renaming of columns by an alias.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{Expr, Query, SelectItem, SetExpr, SetOperator, TableAlias, With};

use super::resolve::{ROUNDS, Resolver, leaf_from, quantifier_text, union_edges};
use super::rewrite;
use super::scope::{Column, Cte, Open, Resolved, Scope};
use super::term::{self, Block, LeafId, LeafSource, Rows};

impl Resolver<'_> {
    pub(super) fn with(&mut self, with: &With) {
        self.frames.push(Vec::new());
        for super::with_order::Turn { entry: cte, ahead } in super::with_order::turns(with) {
            for later in ahead {
                self.unknown_cte(&later.alias);
            }
            let name = &cte.alias.name;
            if rewrite::is_set_mark(&name.value) {
                continue;
            }
            let key = self.key(name);
            let span = self
                .text
                .span(sqlparser::tokenizer::Span { start: name.span.start, end: cte.closing_paren_token.0.span.end });
            let outside = std::mem::take(&mut self.clauses);
            let recursive =
                with.recursive || super::relations::recursive_without_keyword(self.dialect, &cte.query, &name.value);
            let entry = Cte {
                key,
                span,
                resolved: Rc::new(self.nothing_known()),
                provisional: true,
                recursive,
                uses: 0,
                clauses: Vec::new(),
                expression: named_expression(cte).map(Box::new),
            };
            if let Some(expr) = &entry.expression {
                // Used or not, what it reads from is named in the text; its own columns are known where it is used.
                let unresolved = self.unresolved.len();
                self.scopes.push(Scope::new());
                self.unlisted_expr(&expr.clone());
                self.scopes.pop();
                self.unresolved.truncate(unresolved);
                self.clauses = outside;
                self.push_cte(entry);
                continue;
            }
            let resolved = if recursive {
                self.recursive_cte(&cte.query, &cte.alias, entry)
            } else {
                let resolved = self.query(&cte.query);
                let resolved = self.renamed(resolved, &cte.alias);
                self.push_cte(entry);
                resolved
            };
            let clauses = std::mem::replace(&mut self.clauses, outside);
            if let Some(last) = self.frames.last_mut().and_then(|frame| frame.last_mut()) {
                last.resolved = resolved;
                last.provisional = false;
                last.uses = 0;
                last.clauses = clauses.into_values().map(Rc::unwrap_or_clone).collect();
            }
        }
    }

    /// An entry that is not resolved yet: it hides a relation of its name, and nothing more is known.
    fn unknown_cte(&mut self, alias: &TableAlias) {
        let (key, span) = (self.key(&alias.name), self.text.span(alias.name.span));
        let resolved = Rc::new(self.nothing_known());
        self.supported = false;
        let (provisional, recursive) = (true, true);
        self.push_cte(Cte {
            key,
            span,
            resolved,
            provisional,
            recursive,
            uses: 0,
            clauses: Vec::new(),
            expression: None,
        });
    }

    pub(super) fn push_cte(&mut self, cte: Cte) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push(cte);
        }
    }

    /// `with recursive`: the anchor first, then the recursive part against what is known, until nothing is added.
    pub(super) fn recursive_cte(&mut self, query: &Query, alias: &TableAlias, entry: Cte) -> Rc<Resolved> {
        let key = entry.key.clone();
        let union = match query.body.as_ref() {
            SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right } if query.with.is_none() => {
                Some((set_quantifier, left, right))
            }
            _ => None,
        };
        let Some((quantifier, left, right)) =
            union.filter(|_| super::relations::names_relation(query, &alias.name.value))
        else {
            // It does not read itself (or in a form that we do not follow: then it finds nothing known).
            if super::relations::names_relation(query, &alias.name.value) {
                self.unsupported("recursive query without UNION", entry.span);
                self.push_cte(entry);
                let resolved = self.query(query);
                return self.renamed(resolved, alias);
            }
            let resolved = self.query(query);
            let resolved = self.renamed(resolved, alias);
            self.push_cte(entry);
            return resolved;
        };
        // How many rows the recursion makes, and in which order, changes no column.
        self.supported &= query.order_by.is_none() && query.limit_clause.is_none();
        self.recursions += 1;
        let this: Rc<str> = format!("recursive {}", self.recursions).into();
        let own_leaf = self.leaf();
        let anchor = self.arm(left);
        let anchor = self.renamed(anchor, alias);
        let mut known: Vec<Rc<Column>> = anchor.columns.iter().map(|column| self_column(column, own_leaf)).collect();
        self.push_cte(entry);
        let mut step = None;
        for _ in 0..ROUNDS {
            let rows = Rows { from: leaf_from(own_leaf, LeafSource::Base(this.clone())), ..Rows::default() };
            let provisional = Resolved {
                columns: known.clone(),
                open: anchor.open.clone().map(|open| Open { via: None, ..open }),
                block: Rc::new(Block::new(rows, true)),
                tables: BTreeSet::new(),
            };
            if let Some(cte) = self.frames.last_mut().and_then(|frame| frame.iter_mut().rfind(|cte| cte.key == key)) {
                cte.resolved = Rc::new(provisional);
            }
            let (unresolved, reads, relations) = (self.unresolved.len(), self.reads.len(), self.relations.len());
            let arm = self.arm(right);
            let mut grown = false;
            for (at, column) in known.iter_mut().enumerate() {
                let Some(new) = arm.columns.get(at) else { continue };
                let edges = union_edges(&column.edges, &new.edges);
                if edges.len() > column.edges.len() {
                    grown = true;
                    *column = Rc::new(Column { edges: Rc::new(edges), ..Column::clone(column) });
                }
            }
            step = Some(arm);
            if !grown {
                break;
            }
            self.unresolved.truncate(unresolved);
            self.reads.truncate(reads);
            self.relations.truncate(relations);
        }
        let Some(step) = step else { return anchor };
        let operator: Rc<str> = format!("recursive {}", quantifier_text(SetOperator::Union, *quantifier)).into();
        let span = self.text.span(sqlparser::ast::Spanned::span(right.as_ref()));
        self.set_clause(&operator, span);
        let resolved = self.union_of(&anchor, &step, operator, SetOperator::Union, false, span);
        let resolved = Resolved {
            columns: resolved
                .columns
                .iter()
                .zip(&known)
                .map(|(column, known)| Rc::new(Column { edges: known.edges.clone(), ..Column::clone(column) }))
                .collect(),
            ..resolved
        };
        Rc::new(resolved)
    }

    /// `x(a, b)`: the alias renames the first columns.
    pub(super) fn renamed(&mut self, resolved: Rc<Resolved>, alias: &TableAlias) -> Rc<Resolved> {
        if alias.columns.is_empty() {
            return resolved;
        }
        let mut columns = resolved.columns.clone();
        for (at, new) in alias.columns.iter().enumerate() {
            let key = self.key(&new.name);
            match columns.get_mut(at) {
                Some(column) => *column = Rc::new(column.with_name(&new.name.value, &key)),
                None if resolved.open.is_some() => self.supported = false,
                None => {
                    let span = self.text.span(new.name.span);
                    let (names, has) = (alias.columns.len(), resolved.columns.len());
                    self.miscounted(format!("`{}` lists {names} columns of a query of {has}", alias.name.value), span);
                    break;
                }
            }
        }
        Rc::new(Resolved { columns, ..Resolved::clone(&resolved) })
    }
}

/// The expression of an entry that is no query, as our rewriting writes it.
fn named_expression(cte: &sqlparser::ast::Cte) -> Option<Expr> {
    let marked = cte.alias.columns.first().is_some_and(|column| column.name.value == rewrite::MARK_EXPRESSION);
    let SetExpr::Select(select) = cte.query.body.as_ref() else { return None };
    match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(expr)] if marked => Some(expr.clone()),
        _ => None,
    }
}

fn self_column(column: &Column, leaf: LeafId) -> Rc<Column> {
    Rc::new(Column { term: term::column(leaf, &column.name), starred: Rc::default(), ..column.clone() })
}
