//! FROM items that make rows of their own: table functions, UNNEST, documents, and what we do not look into.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Spanned, TableAlias, TableFactor, Value,
};

use super::expr::function_name;
use super::resolve::{Resolver, leaf_from};
use super::scope::{Column, Mapping, Open, Source};
use super::term::{self, From, Leaf, LeafSource, T, Tree};
use super::{Clause, ClauseKind, Dialect, OutputKind, Span};

impl Resolver<'_> {
    /// `counted`: WITH ORDINALITY adds a column that counts the rows.
    pub(super) fn table_function(&mut self, function: &Function, alias: Option<&TableAlias>, counted: bool) -> From {
        let name = function_name(&function.name);
        self.names_arguments = true;
        let made = self.item(&Expr::Function(function.clone()), Span::default());
        self.names_arguments = false;
        // It stands in FROM: not the select list's business.
        self.flags.makers.pop_if(|maker| Rc::ptr_eq(maker, &made.term));
        let (key, names) = self.alias_parts(alias);
        let tree = self.element_source(&name, &made, key, &names, counted);
        let text = format!("{name}(...)");
        let span = self.text.span(function.name.span());
        self.add_clause(Clause { kind: ClauseKind::Other, text, span, join: None });
        From { tree, filters: Vec::new() }
    }

    /// Rows that a function or an array makes, as a source; its columns are named by the alias or by the function.
    pub(super) fn element_source(
        &mut self,
        function: &str,
        made: &Column,
        name: Vec<String>,
        names: &[&Ident],
        counted: bool,
    ) -> Tree {
        self.element_parts(function, made, &[], (name, names, counted))
    }

    /// The same where it is known what each of the columns is made of: `parts`, in order.
    pub(super) fn element_parts(
        &mut self,
        function: &str,
        made: &Column,
        parts: &[Column],
        (name, names, counted): (Vec<String>, &[&Ident], bool),
    ) -> Tree {
        let part = |at: usize| parts.get(at).unwrap_or(made);
        let leaf = self.leaf();
        let short = function.rsplit('.').next().unwrap_or(function);
        let defaults = default_columns(self.dialect, short);
        let (counter, names) = match names {
            [names @ .., last] if counted && names.len() >= defaults.len().max(1) => (Some(Ident::clone(last)), names),
            names => (counted.then(|| Ident::new("ordinality")), names),
        };
        // In these a lone column is called as the alias says.
        let renames =
            matches!(self.dialect, Dialect::Postgres | Dialect::Redshift) && defaults == [short] && names.is_empty();
        let mut columns: Vec<Rc<Column>> = Vec::new();
        let alias = name.last().cloned();
        for (at, default) in defaults.iter().enumerate() {
            let (shown, key) = match names.get(at) {
                Some(ident) => (ident.value.clone(), self.key(ident)),
                None => ((*default).to_owned(), self.dialect.fold_key(default, false)),
            };
            let mut column = self.made_column(part(at), leaf, at, &shown, &key);
            // A single column may also be called by the alias of the table.
            if defaults.len() == 1 && names.is_empty() {
                column.other_key = alias.clone().map(Into::into);
            }
            if let Some(alias) = alias.as_deref().filter(|_| renames) {
                column.name = alias.into();
            }
            columns.push(Rc::new(column));
        }
        for (at, ident) in names.iter().enumerate().skip(defaults.len()) {
            let key = self.key(ident);
            columns.push(Rc::new(self.made_column(part(at), leaf, at, &ident.value, &key)));
        }
        if let Some(ident) = counter {
            columns.push(self.row_counter(leaf, &ident));
        }
        let closed = !columns.is_empty();
        let source_name = if name.is_empty() { vec![self.dialect.fold_key(short, false)] } else { name };
        let mut source = Source::new(source_name, Rc::new(columns), Mapping::Same);
        source.element = source.columns.len() == 1;
        source.tables = made.edges.iter().map(|edge| edge.table.clone()).collect();
        // Elements without an alias may be records whose fields stand for themselves.
        if !closed {
            source.open = Some(Open { tables: BTreeSet::from([format!("{function}()")]), via: None });
        }
        self.last_scope().sources.push(Rc::new(source));
        Tree::Leaf(Leaf { id: leaf, source: LeafSource::Rows(term::call(short, std::slice::from_ref(&made.term))) })
    }

    /// The column that counts the rows made: it has no source.
    fn row_counter(&self, leaf: super::term::LeafId, ident: &Ident) -> Rc<Column> {
        Rc::new(Column {
            name: ident.value.as_str().into(),
            key: self.key(ident).into(),
            other_key: None,
            edges: Rc::default(),
            term: term::column(leaf, "$offset"),
            kind: OutputKind::Constant,
            span: Span::default(),
            unresolved: Rc::default(),
            starred: Rc::default(),
        })
    }

    pub(super) fn made_column(
        &mut self,
        made: &Column,
        leaf: super::term::LeafId,
        at: usize,
        name: &str,
        key: &str,
    ) -> Column {
        Column {
            name: name.into(),
            key: key.into(),
            other_key: None,
            term: term::column(leaf, &format!("${at}")),
            kind: if made.edges.is_empty() { OutputKind::Constant } else { OutputKind::Derived },
            ..made.clone()
        }
    }

    pub(super) fn unnest(&mut self, arrays: &[Expr], alias: Option<&TableAlias>, counter: Option<Ident>) -> From {
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
        let fields = match arrays {
            [array] if names.is_empty() && self.dialect.bare_element_fields() => super::records::fields(array),
            _ => None,
        };
        let of_records = fields.is_some();
        if let Some(fields) = fields {
            columns = fields.iter().enumerate().map(|(at, field)| self.record_field(leaf, at, field)).collect();
        }
        let extra = names.get(arrays.len()..).unwrap_or_default();
        let (given, extra) = match (counter.is_some(), extra) {
            (true, [extra @ .., last]) => (Some(Ident::clone(last)), extra),
            (_, extra) => (None, extra),
        };
        let ends = columns.last().map(|last| Column::clone(last));
        for (at, ident) in extra.iter().enumerate() {
            // `unnest(map) as t(k, v)`: one array makes several columns; of several nobody knows which makes which.
            let key = self.key(ident);
            let mut column = Column::clone(&columns[0]).with_name(&ident.value, &key);
            column.term = term::column(leaf, &format!("${}", at + arrays.len()));
            if arrays.len() > 1 {
                // The first is of the first array for sure, and the last of the last.
                self.supported = false;
                let last = columns.pop().map(|last| self.unknown_part(Column::clone(&last), &tables));
                columns.extend(last.map(Rc::new));
                let made = (at + 1 == extra.len()).then(|| ends.clone()).flatten();
                column = match made {
                    Some(made) => Column { term: column.term.clone(), ..made.with_name(&ident.value, &key) },
                    None => self.unknown_part(column, &tables),
                };
            }
            columns.push(Rc::new(column));
        }
        let counted = given.is_some() || counter.is_some();
        if let Some(ident) = given.or(counter) {
            columns.push(self.row_counter(leaf, &ident));
        }
        let named = !name.is_empty();
        let mut source = Source::new(name, Rc::new(columns), Mapping::Same);
        source.element = !of_records && arrays.len() == 1 && extra.is_empty() && (!counted || names.is_empty());
        source.tables = tables.clone();
        if !named && !of_records && self.dialect.dotted_structs() {
            source.open = Some(Open { tables, via: None });
        }
        self.last_scope().sources.push(Rc::new(source));
        let clause =
            Clause { kind: ClauseKind::Other, text: "unnest(...)".to_owned(), span: Span::default(), join: None };
        self.add_clause(clause);
        leaf_from(leaf, LeafSource::Rows(term::call("unnest", &terms)))
    }

    fn record_field(&mut self, leaf: super::term::LeafId, at: usize, field: &(Ident, Expr)) -> Rc<Column> {
        let made = self.item(&field.1, Span::default());
        let key = self.key(&field.0);
        Rc::new(self.made_column(&made, leaf, at, &field.0.value, &key))
    }

    fn unknown_part(&self, column: Column, tables: &BTreeSet<String>) -> Column {
        let one = super::Unresolved {
            name: column.name.to_string(),
            reason: super::Reason::Unsupported,
            span: Span::default(),
            candidates: Vec::new(),
            tables: tables.iter().cloned().collect(),
        };
        let unresolved = Rc::new(vec![one]);
        Column { edges: Rc::default(), starred: Rc::default(), kind: OutputKind::Unknown, unresolved, ..column }
    }

    /// ClickHouse's ARRAY JOIN: the parser reads the array as a table name.
    pub(super) fn array_join(&mut self, factor: &TableFactor) -> From {
        let TableFactor::Table { name, alias, args, .. } = factor else {
            return self.opaque_rows("array join", None, None);
        };
        let mut parts = self.name_parts(name);
        if let Some(args) = args {
            let function = super::factor::called(name, args.args.clone());
            match beside(&function) {
                Some(array) => parts = array,
                None => {
                    let (key, names) = match alias {
                        Some(alias) => (vec![self.key(&alias.name)], vec![&alias.name]),
                        None => (Vec::new(), Vec::new()),
                    };
                    let tree = self.rows_of_expr(&Expr::Function(function), key, &names);
                    return From { tree, filters: Vec::new() };
                }
            }
        }
        let shown = alias.as_ref().map(|alias| alias.name.clone()).or_else(|| parts.last().cloned());
        let Some(shown) = shown else { return From::default() };
        let key = self.key(&shown);
        // Without an alias its elements take the place of the array.
        let array = alias.is_none().then(|| self.listing(&key)).flatten();
        let at = self.last_scope().sources.len();
        let tree = self.rows_of_expr(&Expr::CompoundIdentifier(parts), vec![key], &[&shown]);
        if let Some(array) = array
            && let Some(element) = self.last_scope().sources.get(at).and_then(|source| source.columns.first().cloned())
        {
            let merged = super::scope::Merged { column: Column::clone(&element), members: vec![array, at] };
            self.last_scope().merged.push(merged);
        }
        From { tree, filters: Vec::new() }
    }

    /// The only source of the scope at hand that lists a column.
    fn listing(&mut self, key: &str) -> Option<usize> {
        let sources = self.last_scope().visible();
        let mut listing = sources.filter(|(_, source)| !matches!(source.listed(key), Ok(None))).map(|(at, _)| at);
        listing.next().filter(|_| listing.next().is_none())
    }

    pub(super) fn document(
        &mut self,
        expr: &Expr,
        names: Vec<Ident>,
        counters: &[usize],
        alias: Option<&TableAlias>,
        factor: &TableFactor,
    ) -> From {
        let made = self.item(expr, Span::default());
        let (key, given) = self.alias_parts(alias);
        let count = names.len();
        let names: Vec<&Ident> = if given.is_empty() { names.iter().collect() } else { given };
        let text: T = term::text(form_text(factor));
        let made = Column { term: term::call("json_table", &[made.term.clone(), text]), ..made };
        let part = |at: usize| match counters.contains(&at) {
            // FOR ORDINALITY: nothing of the document is in it.
            true => Column { edges: Rc::default(), unresolved: Rc::default(), starred: Rc::default(), ..made.clone() },
            false => made.clone(),
        };
        let parts: Vec<Column> = if counters.is_empty() { Vec::new() } else { (0..count).map(part).collect() };
        let tree = self.element_parts("json_table", &made, &parts, (key, &names, false));
        From { tree, filters: Vec::new() }
    }

    /// Rows that we do not look into: their columns are not known.
    pub(super) fn opaque_rows(&mut self, what: &str, table: Option<&TableFactor>, alias: Option<&TableAlias>) -> From {
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
}

/// How a document is taken apart, as text without what it is and what the rows are called.
fn form_text(factor: &TableFactor) -> String {
    let mut form = factor.clone();
    let nothing = || Expr::Value(Value::Null.into());
    match &mut form {
        TableFactor::JsonTable { json_expr, alias, .. } | TableFactor::OpenJsonTable { json_expr, alias, .. } => {
            (*json_expr, *alias) = (nothing(), None);
        }
        TableFactor::XmlTable { row_expression, passing, alias, .. } => {
            (*row_expression, *alias) = (nothing(), None);
            passing.arguments.iter_mut().for_each(|argument| argument.expr = nothing());
        }
        _ => {}
    }
    form.to_string()
}

/// The array of one more item of an ARRAY JOIN, when it is a column: our rewriting writes `beside(a)`.
fn beside(function: &Function) -> Option<Vec<Ident>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] if function_name(&function.name) == "beside" => {
            match expr {
                Expr::Identifier(ident) => Some(vec![ident.clone()]),
                Expr::CompoundIdentifier(parts) => Some(parts.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The columns that a table function has where no alias names them.
fn default_columns(dialect: Dialect, function: &str) -> &[&str] {
    const JSON_ROWS: &[&str] = &["key", "value", "type", "atom", "id", "parent", "fullkey", "path"];
    match function {
        "json_each" | "json_tree" if matches!(dialect, Dialect::Sqlite | Dialect::DuckDb) => JSON_ROWS,
        "generate_series" if matches!(dialect, Dialect::Sqlite | Dialect::TSql) => &["value"],
        "sequence" if dialect == Dialect::Trino => &["sequential_number"],
        "string_split" if dialect == Dialect::TSql => &["value", "ordinal"],
        "flatten" => &["seq", "key", "path", "index", "value", "this"],
        "posexplode" | "posexplode_outer" => &["pos", "col"],
        "explode" | "explode_outer" | "inline" => &["col"],
        "variant_explode" | "variant_explode_outer" => &["pos", "key", "value"],
        "json_each" | "jsonb_each" | "json_each_text" | "jsonb_each_text" | "each" => &["key", "value"],
        "split_to_table" | "strtok_split_to_table" => &["seq", "index", "value"],
        "string_split"
        | "json_array_elements"
        | "jsonb_array_elements"
        | "jsonb_array_elements_text"
        | "json_array_elements_text" => &["value"],
        "numbers" => &["number"],
        "zeros" => &["zero"],
        _ => own_name(function),
    }
}

/// Functions whose one column is called as they are.
fn own_name(function: &str) -> &[&str] {
    const SERIES: &[&str] = &[
        "unnest",
        "generate_series",
        "range",
        "generate_date_array",
        "generate_array",
        "sequence",
        "generate_subscripts",
        "regexp_split_to_table",
        "regexp_matches",
        "string_to_table",
        "json_object_keys",
        "jsonb_object_keys",
        "jsonb_path_query",
    ];
    let at = SERIES.iter().position(|name| *name == function);
    at.map(|at| &SERIES[at..=at]).unwrap_or_default()
}
