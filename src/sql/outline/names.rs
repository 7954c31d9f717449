//! Which relation of a FROM clause a name belongs to.

use sqlparser::ast::Ident;

use super::build::Reader;
use super::{Kind, Node};
use crate::sql::Span;

/// Nodes of an output column that other clauses may take over under its alias.
const LARGEST: usize = 300;

/// What is known of the columns of a relation.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// All of them.
    All(Vec<String>),
    /// These, and maybe more.
    Some(Vec<String>),
}

impl Known {
    fn has(&self, name: &str) -> bool {
        let (Known::All(names) | Known::Some(names)) = self;
        names.iter().any(|known| known == name)
    }
}

/// The names of one SELECT.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// For each relation: its alias or the parts of its name, as keys, and its columns.
    pub(super) sources: Vec<(Vec<String>, Known)>,
    /// Relations that a semi or anti join hides outside its own condition.
    pub(super) hidden: Vec<usize>,
    /// Columns that USING made one of: the name, and the relations that have it.
    pub(super) merged: Vec<(String, Vec<usize>)>,
    /// Output columns that may be named.
    pub(super) items: Vec<(String, Node)>,
    /// Whether they are seen.
    pub(super) aliases: bool,
    /// Something in FROM has columns that nobody knows.
    pub(super) open: bool,
}

impl Reader<'_> {
    /// The node of a reference.
    pub(super) fn reference(&self, parts: &[Ident], span: Span) -> Node {
        let Some((last, qualifier)) = parts.split_last() else {
            return Node::new(Kind::Unresolved(String::new()), span);
        };
        let name = last.value.to_lowercase();
        let qualifier: Vec<String> =
            qualifier.iter().map(|part| self.dialect.fold_key(&part.value, part.quote_style.is_some())).collect();
        let mut scopes = self.scopes.iter().rev();
        if let Some(scope) = scopes.next()
            && let Some(node) = scope.find(&qualifier, &name, span)
        {
            return node;
        }
        for scope in scopes {
            if scope.find(&qualifier, &name, span).is_some() {
                return Node::new(Kind::Outer(written(parts)), span);
            }
        }
        // `order.customer.id`: a field of a column.
        if let [first, .., _] = parts
            && let Some(scope) = self.scopes.last()
        {
            let field = |column: Node| Node::new(Kind::Other { word: "field", parts: vec![column] }, span);
            if let Some(column) = scope.find(&[], &first.value.to_lowercase(), span) {
                return field(column);
            }
            let key = self.dialect.fold_key(&first.value, first.quote_style.is_some());
            if parts.len() > 2
                && let Some(column) = scope.find(&[key], &parts[1].value.to_lowercase(), span)
            {
                return field(column);
            }
        }
        Node::new(Kind::Unresolved(written(parts)), span)
    }
}

impl Scope {
    fn find(&self, qualifier: &[String], name: &str, span: Span) -> Option<Node> {
        let column = |source| Some(Node::new(Kind::Column { source, name: name.to_owned() }, span));
        if !qualifier.is_empty() {
            let named = |(own, _): &&(Vec<String>, Known)| own.ends_with(qualifier);
            let at = self.sources.iter().position(|source| named(&source))?;
            return match &self.sources[at].1 {
                Known::All(_) if !self.sources[at].1.has(name) => None,
                _ => column(at),
            };
        }
        if let Some((_, members)) = self.merged.iter().find(|(merged, _)| merged == name) {
            return column(*members.first()?);
        }
        let visible = || self.sources.iter().enumerate().filter(|(at, _)| !self.hidden.contains(at));
        let with: Vec<usize> = visible().filter(|(_, (_, known))| known.has(name)).map(|(at, _)| at).collect();
        let alias = || {
            let (_, node) = self.items.iter().find(|(item, _)| self.aliases && item == name)?;
            (node.all().len() <= LARGEST).then(|| Node { span, ..node.clone() })
        };
        let open: Vec<usize> =
            visible().filter(|(_, (_, known))| matches!(known, Known::Some(_))).map(|(at, _)| at).collect();
        match with.as_slice() {
            // Another one may have it too, but the name would be ambiguous then.
            [at] => column(*at),
            [] => alias().or_else(|| match open.as_slice() {
                [at] if !self.open => column(*at),
                [] if !self.open => None,
                _ => Some(Node::new(Kind::Unresolved(name.to_owned()), span)),
            }),
            _ => alias().or_else(|| Some(Node::new(Kind::Unresolved(name.to_owned()), span))),
        }
    }
}

fn written(parts: &[Ident]) -> String {
    parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".")
}
