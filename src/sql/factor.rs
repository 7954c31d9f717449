//! One item of a FROM clause: relations, CTEs, derived tables and whatever makes rows.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, JsonTableColumn,
    ObjectName, Query, Spanned, TableAlias, TableFactor,
};

use super::expr::function_name;
use super::resolve::{Resolver, leaf_from};
use super::scope::{Column, Mapping, Open, Resolved, Source};
use super::term::{self, From, Kind, Leaf, LeafMap, LeafSource, T, Tree};
use super::{Clause, ClauseKind, OutputKind, RelationUse, Span};

/// Nodes that a block's columns may have in all before it stays a block of its own.
const MERGE_LIMIT: u32 = 50_000;

impl Resolver<'_> {
    /// Adds an item to the scope at hand. `nullable`: an outer join may fill its columns with NULL.
    pub(super) fn factor(&mut self, factor: &TableFactor, nullable: bool, applied: bool) -> From {
        let unknown = |_: &mut Self| From::default();
        self.deeper(|this| this.factor_here(factor, nullable, applied), unknown)
    }

    fn factor_here(&mut self, factor: &TableFactor, nullable: bool, applied: bool) -> From {
        match factor {
            TableFactor::Table { name, alias, args: Some(args), sample, .. } => {
                self.sampled(sample.is_some(), factor);
                let function = called(name, args.args.clone());
                self.table_function(&function, alias.as_ref())
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
                Expr::Function(function) => self.table_function(function, alias.as_ref()),
                other => {
                    let (name, names) = self.alias_parts(alias.as_ref());
                    let made = self.rows_of_expr(other, name, &names);
                    From { tree: made, filters: Vec::new() }
                }
            },
            TableFactor::Function { name, args, alias, .. } => {
                let function = called(name, args.clone());
                self.table_function(&function, alias.as_ref())
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
                let mut names = Vec::new();
                json_columns(columns, &mut names);
                self.document(json_expr, names, alias.as_ref(), factor)
            }
            TableFactor::OpenJsonTable { json_expr, columns, alias, .. } => {
                let mut names: Vec<Ident> = columns.iter().map(|column| column.name.clone()).collect();
                if names.is_empty() {
                    names = ["key", "value", "type"].map(Ident::new).to_vec();
                }
                self.document(json_expr, names, alias.as_ref(), factor)
            }
            TableFactor::XmlTable { row_expression, columns, alias, .. } => {
                let names = columns.iter().map(|column| column.name.clone()).collect();
                self.document(row_expression, names, alias.as_ref(), factor)
            }
            TableFactor::Pivot { table, alias, .. } => self.opaque_rows("pivot", Some(table), alias.as_ref()),
            TableFactor::Unpivot { table, alias, .. } => self.opaque_rows("unpivot", Some(table), alias.as_ref()),
            TableFactor::MatchRecognize { table, alias, .. } => {
                self.opaque_rows("match_recognize", Some(table), alias.as_ref())
            }
            TableFactor::SemanticView { alias, .. } => self.opaque_rows("semantic_view", None, alias.as_ref()),
            TableFactor::UnpivotExpr { .. } => self.opaque_rows("unpivot", None, None),
        }
    }

    fn sampled(&mut self, sampled: bool, factor: &TableFactor) {
        if sampled {
            // Each reading gives other rows.
            self.supported = false;
            let span = self.text.span(factor.span());
            self.add_clause(Clause { kind: ClauseKind::Limit, text: "sample".to_owned(), span, join: None });
        }
    }

    fn alias_parts<'t>(&self, alias: Option<&'t TableAlias>) -> (Vec<String>, Vec<&'t Ident>) {
        match alias {
            Some(alias) => {
                (vec![self.key(&alias.name)], alias.columns.iter().map(|column| &column.name).collect())
            }
            None => (Vec::new(), Vec::new()),
        }
    }

    fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>, nullable: bool) -> From {
        let parts = self.name_parts(name);
        let span = self.text.span(name.span());
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
            // `from orders o, o.items i`: rows of a column of a relation to the left.
            let names: Vec<&Ident> = alias.iter().flat_map(|alias| alias.columns.iter().map(|one| &one.name)).collect();
            let tree = self.rows_of_expr(&Expr::CompoundIdentifier(parts), source_name, &names);
            return From { tree, filters: Vec::new() };
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

    /// The parts of a relation's name; BigQuery writes all of them within one pair of backticks.
    fn name_parts(&self, name: &ObjectName) -> Vec<Ident> {
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

    fn is_column_path(&self, keys: &[String]) -> bool {
        use super::Dialect;
        matches!(
            self.dialect,
            Dialect::BigQuery | Dialect::Redshift | Dialect::Databricks | Dialect::Spark | Dialect::Generic
        ) && self.scopes.iter().rev().any(|scope| {
            scope.visible().any(|(_, source)| source.name.len() == 1 && source.is_named(&keys[..1]))
        })
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

    fn rename_base(&mut self, columns: Option<Vec<Rc<Column>>>, alias: Option<&TableAlias>) -> Option<Vec<Rc<Column>>> {
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
    fn cte(&mut self, key: &str) -> Option<(Rc<Resolved>, bool)> {
        let cte = self.frames.iter_mut().rev().flat_map(|frame| frame.iter_mut().rev()).find(|cte| {
            cte.key == key && (!cte.provisional || cte.recursive)
        })?;
        cte.uses += 1;
        let found = (cte.resolved.clone(), cte.uses == 1 && !cte.provisional);
        let clauses = cte.clauses.clone();
        for clause in clauses {
            self.add_clause(clause);
        }
        Some(found)
    }

    fn derived(&mut self, query: &Query, alias: Option<&TableAlias>, nullable: bool, sees: bool) -> From {
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
    fn read_query(&mut self, resolved: Rc<Resolved>, name: Vec<String>, nullable: bool, first: bool) -> From {
        let block = &resolved.block;
        let pure = |column: &Rc<Column>| matches!(column.term.kind, Kind::Column { .. });
        let size = resolved.columns.iter().fold(0u32, |sum, column| sum.saturating_add(column.term.size));
        let merges = block.mergeable && size < MERGE_LIMIT && (!nullable || resolved.columns.iter().all(pure));
        let (mapping, from) = if !merges {
            let leaf = self.leaf();
            (Mapping::Wrapped(leaf, block.clone()), leaf_from(leaf, LeafSource::Block(block.clone())))
        } else if first {
            (Mapping::Same, block.rows.from.clone())
        } else {
            let mut leaves = Vec::new();
            block.rows.from.tree.leaves(&mut leaves);
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

    fn table_function(&mut self, function: &Function, alias: Option<&TableAlias>) -> From {
        let name = function_name(&function.name);
        let made = self.item(&Expr::Function(function.clone()), Span::default());
        // It stands in FROM: not the select list's business.
        self.flags.makers.pop_if(|maker| Rc::ptr_eq(maker, &made.term));
        let (key, names) = self.alias_parts(alias);
        let tree = self.element_source(&name, &made, key, &names);
        let text = format!("{name}(...)");
        let span = self.text.span(function.name.span());
        self.add_clause(Clause { kind: ClauseKind::Other, text, span, join: None });
        From { tree, filters: Vec::new() }
    }

    /// Rows that a function or an array makes, as a source; its columns are named by the alias or by the function.
    pub(super) fn element_source(&mut self, function: &str, made: &Column, name: Vec<String>, names: &[&Ident]) -> Tree {
        let leaf = self.leaf();
        let short = function.rsplit('.').next().unwrap_or(function);
        let defaults: &[&str] = match short {
            "flatten" => &["seq", "key", "path", "index", "value", "this"],
            "posexplode" | "posexplode_outer" => &["pos", "col"],
            "explode" | "explode_outer" | "inline" => &["col"],
            "json_each" | "jsonb_each" | "json_each_text" | "jsonb_each_text" | "each" => &["key", "value"],
            "split_to_table" | "strtok_split_to_table" => &["seq", "index", "value"],
            "string_split" | "json_array_elements" | "jsonb_array_elements" | "jsonb_array_elements_text"
            | "json_array_elements_text" => &["value"],
            "unnest" | "generate_series" | "range" | "generate_date_array" | "generate_array" | "sequence"
            | "generate_subscripts" | "regexp_split_to_table" | "string_to_table" | "numbers" => std::slice::from_ref(&short),
            _ => &[],
        };
        let mut columns: Vec<Rc<Column>> = Vec::new();
        let alias = name.last().cloned();
        for (at, default) in defaults.iter().enumerate() {
            let (shown, key) = match names.get(at) {
                Some(ident) => (ident.value.clone(), self.key(ident)),
                None => ((*default).to_owned(), self.dialect.fold_key(default, false)),
            };
            let mut column = self.made_column(made, leaf, at, &shown, &key);
            // A single column may also be called by the alias of the table.
            if defaults.len() == 1 && names.is_empty() {
                column.other_key = alias.clone().map(Into::into);
            }
            columns.push(Rc::new(column));
        }
        for (at, ident) in names.iter().enumerate().skip(defaults.len()) {
            let key = self.key(ident);
            columns.push(Rc::new(self.made_column(made, leaf, at, &ident.value, &key)));
        }
        let closed = !columns.is_empty();
        let source_name = if name.is_empty() { vec![self.dialect.fold_key(short, false)] } else { name };
        let mut source = Source::new(source_name, Rc::new(columns), Mapping::Same);
        source.element = closed;
        source.tables = made.edges.iter().map(|edge| edge.table.clone()).collect();
        // Elements without an alias may be records whose fields stand for themselves.
        if !closed {
            source.open = Some(Open { tables: BTreeSet::from([format!("{function}()")]), via: None });
        }
        self.last_scope().sources.push(Rc::new(source));
        Tree::Leaf(Leaf { id: leaf, source: LeafSource::Rows(term::call(short, std::slice::from_ref(&made.term))) })
    }

    fn made_column(&mut self, made: &Column, leaf: super::term::LeafId, at: usize, name: &str, key: &str) -> Column {
        Column {
            name: name.into(),
            key: key.into(),
            other_key: None,
            term: term::column(leaf, &format!("${at}")),
            kind: if made.edges.is_empty() { OutputKind::Constant } else { OutputKind::Derived },
            ..made.clone()
        }
    }

    fn unnest(&mut self, arrays: &[Expr], alias: Option<&TableAlias>, counter: Option<Ident>) -> From {
        let (name, names) = self.alias_parts(alias);
        let leaf = self.leaf();
        let mut terms: Vec<T> = Vec::new();
        let mut columns = Vec::new();
        let mut tables = BTreeSet::new();
        for (at, array) in arrays.iter().enumerate() {
            self.via.push("unnest".to_owned());
            let mut made = self.item(array, Span::default());
            self.via.pop();
            let edges = made.edges.iter().map(|edge| {
                let via = std::iter::once("unnest".to_owned()).chain(edge.via.iter().cloned()).collect();
                super::Edge { via, ..edge.clone() }
            });
            made.edges = Rc::new(edges.collect());
            terms.push(made.term.clone());
            tables.extend(made.edges.iter().map(|edge| edge.table.clone()));
            let (shown, key) = match (names.get(at), name.last()) {
                (Some(ident), _) => (ident.value.clone(), self.key(ident)),
                (None, _) => ("unnest".to_owned(), self.dialect.fold_key("unnest", false)),
            };
            let mut column = self.made_column(&made, leaf, at, &shown, &key);
            if arrays.len() == 1 && names.is_empty() {
                column.other_key = name.last().cloned().map(Into::into);
                if let Some(alias) = alias {
                    column.name = alias.name.value.as_str().into();
                }
            }
            columns.push(Rc::new(column));
        }
        let given = names.get(arrays.len()).copied().cloned();
        let counted = given.is_some() || counter.is_some();
        if let Some(ident) = given.or(counter) {
            let key = self.key(&ident);
            columns.push(Rc::new(Column {
                name: ident.value.as_str().into(),
                key: key.into(),
                other_key: None,
                edges: Rc::default(),
                term: term::column(leaf, "$offset"),
                kind: OutputKind::Constant,
                span: Span::default(),
                unresolved: Rc::default(),
                starred: Rc::default(),
            }));
        }
        let named = !name.is_empty();
        let mut source = Source::new(name, Rc::new(columns), Mapping::Same);
        source.element = arrays.len() == 1 && !counted;
        source.tables = tables.clone();
        if !named && self.dialect.dotted_structs() {
            source.open = Some(Open { tables, via: None });
        }
        self.last_scope().sources.push(Rc::new(source));
        let clause = Clause { kind: ClauseKind::Other, text: "unnest(...)".to_owned(), span: Span::default(), join: None };
        self.add_clause(clause);
        leaf_from(leaf, LeafSource::Rows(term::call("unnest", &terms)))
    }

    /// ClickHouse's ARRAY JOIN: the parser reads the array as a table name.
    pub(super) fn array_join(&mut self, factor: &TableFactor) -> From {
        let TableFactor::Table { name, alias, args: None, .. } = factor else {
            return self.opaque_rows("array join", None, None);
        };
        let parts = self.name_parts(name);
        let shown = alias.as_ref().map(|alias| alias.name.clone()).or_else(|| parts.last().cloned());
        let Some(shown) = shown else { return From::default() };
        let tree = self.rows_of_expr(&Expr::CompoundIdentifier(parts), vec![self.key(&shown)], &[&shown]);
        From { tree, filters: Vec::new() }
    }

    fn document(&mut self, expr: &Expr, names: Vec<Ident>, alias: Option<&TableAlias>, factor: &TableFactor) -> From {
        let made = self.item(expr, Span::default());
        let (key, given) = self.alias_parts(alias);
        let names: Vec<&Ident> = if given.is_empty() { names.iter().collect() } else { given };
        let text: T = term::text(factor.to_string());
        let tree = self.element_source("json_table", &Column { term: term::call("json_table", &[made.term.clone(), text]), ..made }, key, &names);
        From { tree, filters: Vec::new() }
    }

    /// Rows that we do not look into: their columns are not known.
    fn opaque_rows(&mut self, what: &str, table: Option<&TableFactor>, alias: Option<&TableAlias>) -> From {
        let first = self.last_scope().sources.len();
        if let Some(table) = table {
            self.factor(table, false, false);
        }
        let inner = self.last_scope().sources.split_off(first);
        let tables: BTreeSet<String> = inner.iter().flat_map(|source| source.tables.iter().cloned()).collect();
        let span = alias.map(|alias| self.text.span(alias.name.span)).unwrap_or_default();
        self.unsupported(what, span);
        self.add_clause(Clause { kind: ClauseKind::Other, text: what.to_owned(), span, join: None });
        let (name, _) = self.alias_parts(alias);
        let mut source = Source::new(name, Rc::default(), Mapping::Same);
        source.tables = tables.clone();
        source.open = Some(Open { tables, via: None });
        self.last_scope().sources.push(Rc::new(source));
        let leaf = self.leaf();
        leaf_from(leaf, LeafSource::Rows(term::text(what)))
    }

    /// `(a join b ...) as x`: one name over several relations.
    fn alias_nested(&mut self, alias: &TableAlias, first: usize) {
        let key = self.key(&alias.name);
        let inner = self.last_scope().sources.split_off(first);
        let mut columns = Vec::new();
        let mut tables = BTreeSet::new();
        let mut open = None;
        for source in &inner {
            columns.extend(source.columns.iter().map(|column| Rc::new(source.seen(column))));
            tables.extend(source.tables.iter().cloned());
            if let Some(one) = &source.open {
                let all: BTreeSet<String> = one.tables.iter().chain(open.iter().flat_map(|open: &Open| &open.tables)).cloned().collect();
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

fn called(name: &ObjectName, args: Vec<FunctionArg>) -> Function {
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

fn json_columns(columns: &[JsonTableColumn], names: &mut Vec<Ident>) {
    for column in columns {
        match column {
            JsonTableColumn::Named(column) => names.push(column.name.clone()),
            JsonTableColumn::ForOrdinality(name) => names.push(name.clone()),
            JsonTableColumn::Nested(nested) => json_columns(&nested.columns, names),
        }
    }
}
