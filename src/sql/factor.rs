//! One item of a FROM clause: relations, CTEs, derived tables and whatever makes rows.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, JsonTableColumn,
    ObjectName, Query, Spanned, TableAlias, TableFactor, Value,
};

use super::expr::function_name;
use super::resolve::{Resolver, leaf_from};
use super::scope::{Column, Mapping, Open, Resolved, Source};
use super::term::{self, Block, From, Kind, LeafMap, LeafSource, Rows};
use super::{Clause, ClauseKind, RelationUse, Span};

/// Nodes that a block's columns may have in all before it stays a block of its own.
const MERGE_LIMIT: u32 = 20_000;
/// Relations that a block may bring along before it stays a block of its own.
const MERGE_LEAVES: usize = 64;

impl Resolver<'_> {
    /// Adds an item to the scope at hand. `nullable`: an outer join may fill its columns with NULL.
    pub(super) fn factor(&mut self, factor: &TableFactor, nullable: bool, applied: bool) -> From {
        let unknown = |_: &mut Self| From::default();
        self.deeper(|this| this.factor_here(factor, nullable, applied), unknown)
    }

    pub(super) fn factor_here(&mut self, factor: &TableFactor, nullable: bool, applied: bool) -> From {
        match factor {
            TableFactor::Table { name, alias, args: Some(args), sample, .. }
                if let Some(named) = named_by_text(name, &args.args) =>
            {
                self.sampled(sample.is_some(), factor);
                self.table(&named, alias.as_ref(), nullable)
            }
            TableFactor::Table { name, alias, args: Some(args), sample, with_ordinality, .. } => {
                self.sampled(sample.is_some(), factor);
                let function = called(name, args.args.clone());
                self.table_function(&function, alias.as_ref(), *with_ordinality)
            }
            TableFactor::Table { name, alias, version, sample, partitions, json_path, .. } => {
                self.sampled(sample.is_some(), factor);
                if version.is_some() || !partitions.is_empty() {
                    // The same relation at another time is another relation.
                    self.supported = false;
                }
                if json_path.is_some() {
                    self.unsupported("a path into a column in FROM", self.text.span(name.span()));
                }
                self.table(name, alias.as_ref(), nullable)
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                self.sampled(sample.is_some(), factor);
                let sees = *lateral || applied || self.dialect.implicit_lateral();
                self.derived(subquery, alias.as_ref(), nullable, sees)
            }
            TableFactor::TableFunction { expr, alias } => match expr {
                Expr::Function(function) => self.table_function(function, alias.as_ref(), false),
                other => {
                    let (name, names) = self.alias_parts(alias.as_ref());
                    let made = self.rows_of_expr(other, name, &names);
                    From { tree: made, filters: Vec::new() }
                }
            },
            TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                let function = called(name, args.clone());
                self.table_function(&function, alias.as_ref(), *with_ordinality)
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality } => {
                let counter = match (with_offset, with_offset_alias) {
                    (true, Some(alias)) => Some(alias.clone()),
                    (true, None) => Some(Ident::new("offset")),
                    _ => with_ordinality.then(|| Ident::new("ordinality")),
                };
                self.unnest(array_exprs, alias.as_ref(), counter)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let first = self.last_scope().sources.len();
                let from = self.table_with_joins(table_with_joins, nullable);
                if let Some(alias) = alias {
                    self.alias_nested(alias, first);
                }
                from
            }
            TableFactor::JsonTable { json_expr, columns, alias, .. } => {
                let (mut names, mut counters) = (Vec::new(), Vec::new());
                json_columns(columns, &mut names, &mut counters);
                self.document(json_expr, names, &counters, alias.as_ref(), factor)
            }
            TableFactor::OpenJsonTable { json_expr, columns, alias, .. } => {
                let mut names: Vec<Ident> = columns.iter().map(|column| column.name.clone()).collect();
                if names.is_empty() {
                    names = ["key", "value", "type"].map(Ident::new).to_vec();
                }
                self.document(json_expr, names, &[], alias.as_ref(), factor)
            }
            TableFactor::XmlTable { row_expression, passing, columns, alias, .. } => {
                let names = columns.iter().map(|column| column.name.clone()).collect();
                let passed = passing.arguments.iter().map(|one| one.expr.clone());
                let document = Expr::Tuple(std::iter::once(row_expression.clone()).chain(passed).collect());
                self.document(&document, names, &[], alias.as_ref(), factor)
            }
            TableFactor::Pivot { .. } => self.pivot(factor, nullable),
            TableFactor::Unpivot { .. } => self.unpivot(factor, nullable),
            TableFactor::MatchRecognize { .. } => self.match_recognize(factor, nullable),
            TableFactor::SemanticView { alias, .. } => self.opaque_rows("semantic_view", None, alias.as_ref()),
            TableFactor::UnpivotExpr { expression, value_alias, attribute_alias } => {
                self.unpivot_document(expression, value_alias, attribute_alias.as_ref())
            }
        }
    }

    pub(super) fn sampled(&mut self, sampled: bool, factor: &TableFactor) {
        if sampled {
            // Each reading gives other rows.
            self.supported = false;
            let span = self.text.span(factor.span());
            self.add_clause(Clause { kind: ClauseKind::Limit, text: "sample".to_owned(), span, join: None });
        }
    }

    pub(super) fn alias_parts<'t>(&self, alias: Option<&'t TableAlias>) -> (Vec<String>, Vec<&'t Ident>) {
        match alias {
            Some(alias) => (vec![self.key(&alias.name)], alias.columns.iter().map(|column| &column.name).collect()),
            None => (Vec::new(), Vec::new()),
        }
    }

    pub(super) fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>, nullable: bool) -> From {
        let parts = self.name_parts(name);
        let span = self.text.span(super::relations::name_span(name, self.tokens));
        let keys: Vec<String> = parts.iter().map(|part| self.key(part)).collect();
        let source_name = match alias {
            Some(alias) => vec![self.key(&alias.name)],
            None => keys.clone(),
        };
        if let [key] = keys.as_slice()
            && let Some((resolved, first)) = self.cte(key)
        {
            let resolved = match alias {
                Some(alias) => self.renamed(resolved, alias),
                None => resolved,
            };
            return self.read_query(resolved, source_name, nullable, first);
        }
        if parts.len() > 1 && self.is_column_path(&keys) {
            return self.navigation(parts, source_name, alias);
        }
        let (id, leaf, columns) = self.base_relation(&parts, span);
        let columns = self.rename_base(columns, alias);
        let open = columns.is_none();
        let mut source = Source::new(source_name, Rc::new(columns.unwrap_or_default()), Mapping::Same);
        source.tables = BTreeSet::from([id.to_string()]);
        if open {
            source.open = Some(Open { tables: source.tables.clone(), via: None });
            source.base = Some((id.clone(), leaf));
        }
        self.last_scope().sources.push(Rc::new(source));
        leaf_from(leaf, LeafSource::Base(id))
    }

    /// `from orders o, o.items i at n`: rows of a column of a relation to the left.
    fn navigation(&mut self, parts: Vec<Ident>, name: Vec<String>, alias: Option<&TableAlias>) -> From {
        let (_, mut names) = self.alias_parts(alias);
        let counter = alias.and_then(|alias| alias.at.as_ref());
        if let Some(alias) = alias.filter(|_| names.is_empty() && counter.is_some()) {
            names.push(&alias.name);
        }
        names.extend(counter);
        let made = self.item(&Expr::CompoundIdentifier(parts), Span::default());
        let tree = self.element_source("unnest", &made, name, &names, counter.is_some());
        From { tree, filters: Vec::new() }
    }

    /// The parts of a relation's name; BigQuery writes all of them within one pair of backticks.
    pub(super) fn name_parts(&self, name: &ObjectName) -> Vec<Ident> {
        let mut parts = Vec::new();
        for part in &name.0 {
            let ident = match part.as_ident() {
                Some(ident) => ident.clone(),
                None => Ident::new(part.to_string()),
            };
            if ident.quote_style == Some('`') && ident.value.contains('.') {
                parts.extend(ident.value.split('.').map(|value| Ident { value: value.to_owned(), ..ident.clone() }));
            } else {
                parts.push(ident);
            }
        }
        parts
    }

    pub(super) fn is_column_path(&self, keys: &[String]) -> bool {
        use super::Dialect;
        matches!(
            self.dialect,
            Dialect::BigQuery | Dialect::Redshift | Dialect::Databricks | Dialect::Spark | Dialect::Generic
        ) && self
            .scopes
            .iter()
            .rev()
            .any(|scope| scope.visible().any(|(_, source)| source.name.len() == 1 && source.is_named(&keys[..1])))
    }

    /// Notes a base relation and gives its columns, if they are known.
    pub(super) fn base_relation(
        &mut self,
        parts: &[Ident],
        span: Span,
    ) -> (Rc<str>, super::term::LeafId, Option<Vec<Rc<Column>>>) {
        let names: Vec<String> = parts.iter().map(|part| part.value.clone()).collect();
        let info = (self.catalog)(&names);
        let known = info.is_some();
        let (id, columns) = match info {
            Some(info) => (info.id, info.columns),
            None => (parts.iter().map(|part| self.key(part)).collect::<Vec<_>>().join("."), None),
        };
        self.relations.push(RelationUse { parts: names, id: id.clone(), known, span });
        let leaf = self.leaf();
        let id: Rc<str> = id.into();
        let columns = columns.map(|columns| {
            let column = |name: &String| Rc::new(Column::base(&id, name, self.dialect.catalog_keys(name), leaf));
            columns.iter().map(column).collect()
        });
        (id, leaf, columns)
    }

    pub(super) fn rename_base(
        &mut self,
        columns: Option<Vec<Rc<Column>>>,
        alias: Option<&TableAlias>,
    ) -> Option<Vec<Rc<Column>>> {
        let renames = alias.map(|alias| alias.columns.as_slice()).unwrap_or_default();
        if renames.is_empty() {
            return columns;
        }
        let Some(mut columns) = columns else {
            // The first columns have other names here, and nobody knows which they are.
            let name = alias.map(|alias| alias.name.value.clone()).unwrap_or_default();
            self.unsupported(format!("column names of {name} over unknown columns"), Span::default());
            return None;
        };
        for (column, new) in columns.iter_mut().zip(renames) {
            *column = Rc::new(column.with_name(&new.name.value, &self.key(&new.name)));
        }
        Some(columns)
    }

    /// The CTE of that name, if one is visible, and whether this is its first reading.
    pub(super) fn cte(&mut self, key: &str) -> Option<(Rc<Resolved>, bool)> {
        let cte = self
            .frames
            .iter_mut()
            .rev()
            .flat_map(|frame| frame.iter_mut().rev())
            .find(|cte| cte.key == key && cte.expression.is_none() && (!cte.provisional || cte.recursive))?;
        cte.uses += 1;
        let found = (cte.resolved.clone(), cte.uses == 1 && !cte.provisional);
        if !found.0.block.closed {
            // Read twice, it would be written out twice at each level: correlated CTEs are not compared.
            self.supported = false;
            let block = Rc::new(Block::new(Rows::default(), true));
            let columns = found.0.columns.iter();
            let columns = columns.map(|one| Rc::new(Column { term: term::text("correlated"), ..Column::clone(one) }));
            let open = found.0.open.clone().map(|open| Open { via: None, ..open });
            let resolved = Resolved { columns: columns.collect(), open, block, tables: found.0.tables.clone() };
            let clauses = cte.clauses.clone();
            clauses.into_iter().for_each(|clause| self.add_clause(clause));
            return Some((Rc::new(resolved), found.1));
        }
        let clauses = cte.clauses.clone();
        for clause in clauses {
            self.add_clause(clause);
        }
        Some(found)
    }

    pub(super) fn derived(&mut self, query: &Query, alias: Option<&TableAlias>, nullable: bool, sees: bool) -> From {
        let sealed = std::mem::replace(&mut self.last_scope().sealed, !sees);
        let resolved = self.query(query);
        self.last_scope().sealed = sealed;
        let resolved = match alias {
            Some(alias) => self.renamed(resolved, alias),
            None => resolved,
        };
        let (name, _) = self.alias_parts(alias);
        self.read_query(resolved, name, nullable, true)
    }

    /// Adds a resolved query to the scope: merged into the block at hand where that is exact, else as an opaque leaf.
    pub(super) fn read_query(
        &mut self,
        resolved: Rc<Resolved>,
        name: Vec<String>,
        nullable: bool,
        first: bool,
    ) -> From {
        let block = &resolved.block;
        let pure = |column: &Rc<Column>| matches!(column.term.kind, Kind::Column { .. });
        let size = resolved.columns.iter().fold(block.size, |sum, column| sum.saturating_add(column.term.size));
        let mut leaves = Vec::new();
        block.rows.from.tree.leaves(&mut leaves);
        let small = size < MERGE_LIMIT && leaves.len() < MERGE_LEAVES;
        let merges = block.mergeable && small && (!nullable || resolved.columns.iter().all(pure));
        let (mapping, from) = if !merges {
            let leaf = self.leaf();
            (Mapping::Wrapped(leaf, block.clone()), leaf_from(leaf, LeafSource::Block(block.clone())))
        } else if first {
            (Mapping::Same, block.rows.from.clone())
        } else {
            let renamed: HashMap<_, _> = leaves.iter().map(|leaf| (leaf.id, self.leaf())).collect();
            let map = LeafMap { renamed, ..LeafMap::default() };
            let from = map.from(&block.rows.from);
            (Mapping::Leaves(map), from)
        };
        let mut source = Source::new(name, Rc::new(resolved.columns.clone()), mapping);
        source.open = resolved.open.clone();
        source.tables = resolved.tables.clone();
        self.last_scope().sources.push(Rc::new(source));
        from
    }

    /// `(a join b ...) as x`: one name over several relations.
    pub(super) fn alias_nested(&mut self, alias: &TableAlias, first: usize) {
        let key = self.key(&alias.name);
        let inner = self.last_scope().sources.split_off(first);
        let mut columns = Vec::new();
        let mut tables = BTreeSet::new();
        let mut open = None;
        for source in &inner {
            columns.extend(source.columns.iter().map(|column| Rc::new(source.seen(column))));
            tables.extend(source.tables.iter().cloned());
            if let Some(one) = &source.open {
                let all: BTreeSet<String> =
                    one.tables.iter().chain(open.iter().flat_map(|open: &Open| &open.tables)).cloned().collect();
                open = Some(Open { tables: all, via: None });
            }
        }
        self.last_scope().merged.retain(|merged| merged.members.iter().all(|&member| member < first));
        let mut source = Source::new(vec![key], Rc::new(columns), Mapping::Same);
        source.tables = tables;
        source.open = open;
        self.last_scope().sources.push(Rc::new(source));
    }
}

pub(super) fn called(name: &ObjectName, args: Vec<FunctionArg>) -> Function {
    // `table(f(x))` is f(x).
    if function_name(name) == "table"
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(inner)))] = args.as_slice()
    {
        return inner.clone();
    }
    Function {
        name: name.clone(),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

/// `identifier('db.t')` is the relation of that name.
fn named_by_text(name: &ObjectName, args: &[FunctionArg]) -> Option<ObjectName> {
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(text)))] = args else { return None };
    let Value::SingleQuotedString(written) = &text.value else { return None };
    let plain = !written.is_empty() && written.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'));
    let part = |word: &str| Ident::with_span(text.span, word);
    (function_name(name) == "identifier" && plain)
        .then(|| ObjectName::from(written.split('.').map(part).collect::<Vec<_>>()))
}

/// The names of the columns of JSON_TABLE, and which of them count rows.
fn json_columns(columns: &[JsonTableColumn], names: &mut Vec<Ident>, counters: &mut Vec<usize>) {
    for column in columns {
        match column {
            JsonTableColumn::Named(column) => names.push(column.name.clone()),
            JsonTableColumn::ForOrdinality(name) => {
                counters.push(names.len());
                names.push(name.clone());
            }
            JsonTableColumn::Nested(nested) => json_columns(&nested.columns, names, counters),
        }
    }
}
