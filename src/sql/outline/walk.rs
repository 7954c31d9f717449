//! Walking and tracing: the parts of an expression, and what a column of a block is made of.

use super::{Block, BlockId, Body, Call, Item, Kind, Literal, Node, Of, Outline, Select};
use crate::sql::Span;

/// What a column of a relation turns out to be, CTEs and subqueries looked through.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'a> {
    /// A column of a base relation: its id and name.
    Base(&'a str, &'a str),
    /// An expression of a block.
    Expression(BlockId, &'a Node),
    /// It cannot be told: a set operation, rows that are made, a star over unknown columns.
    Unknown,
}

impl Node {
    /// A node.
    pub fn new(kind: Kind, span: Span) -> Node {
        Node { kind, span, bracketed: false }
    }

    /// Its direct parts, windows and filters of calls included; blocks of subqueries are none.
    pub fn parts(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Column { .. }
            | Kind::Outer(_)
            | Kind::Unresolved(_)
            | Kind::Literal(_)
            | Kind::Exists { .. }
            | Kind::Query(_) => Vec::new(),
            Kind::Call(call) => call.parts(),
            Kind::Binary { left, right, .. } => vec![left, right],
            Kind::Unary { inner, .. }
            | Kind::IsNull { inner, .. }
            | Kind::Cast { inner, .. }
            | Kind::InQuery { inner, .. } => vec![inner],
            Kind::Case { operand, whens, otherwise } => {
                let whens = whens.iter().flat_map(|(condition, result)| [condition, result]);
                operand.as_deref().into_iter().chain(whens).chain(otherwise.as_deref()).collect()
            }
            Kind::In { inner, list, .. } => std::iter::once(inner.as_ref()).chain(list).collect(),
            Kind::Between { inner, low, high, .. } => vec![inner, low, high],
            Kind::TimeZone { inner, zone } => vec![inner, zone],
            Kind::Other { parts, .. } => parts.iter().collect(),
        }
    }

    /// Itself and everything within it, outermost first.
    pub fn all(&self) -> Vec<&Node> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(node) = found.get(at) {
            let parts = node.parts();
            found.extend(parts);
            at += 1;
        }
        found
    }

    /// The columns within it: number of the relation, and name.
    pub fn columns(&self) -> Vec<(usize, &str)> {
        let column = |node: &&Node| matches!(node.kind, Kind::Column { .. });
        self.all().into_iter().filter(column).filter_map(Node::column).collect()
    }

    /// The column that it is: number of the relation, and name.
    pub fn column(&self) -> Option<(usize, &str)> {
        match &self.kind {
            Kind::Column { source, name } => Some((*source, name)),
            _ => None,
        }
    }

    /// The call that it is.
    pub fn call(&self) -> Option<&Call> {
        match &self.kind {
            Kind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The constant that it is, a sign or a cast aside.
    pub fn literal(&self) -> Option<&Literal> {
        match &self.kind {
            Kind::Literal(literal) => Some(literal),
            Kind::Cast { inner, .. } | Kind::Unary { operator: "-", inner } => inner.literal(),
            _ => None,
        }
    }

    /// The number that it is.
    pub fn number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Literal(Literal::Number(text)) => text.parse().ok(),
            Kind::Unary { operator: "-", inner } => inner.number().map(|n| -n),
            Kind::Cast { inner, .. } => inner.number(),
            _ => None,
        }
    }

    /// Operands of the operator when it is a chain of it; itself otherwise.
    pub fn operands(&self, of: &str) -> Vec<&Node> {
        let (mut stack, mut found) = (vec![self], Vec::new());
        while let Some(node) = stack.pop() {
            match &node.kind {
                Kind::Binary { operator, left, right } if operator == of => {
                    stack.push(right);
                    stack.push(left);
                }
                _ => found.push(node),
            }
        }
        found
    }

    /// What stands under casts.
    pub fn bare(&self) -> &Node {
        match &self.kind {
            Kind::Cast { inner, .. } => inner.bare(),
            _ => self,
        }
    }
}

impl Call {
    fn parts(&self) -> Vec<&Node> {
        let orders = self.order.iter().map(|key| &key.node);
        let over = self.over.iter().flat_map(|w| w.partition.iter().chain(w.order.iter().map(|key| &key.node)));
        self.args.iter().chain(&self.filter).chain(orders).chain(over).collect()
    }
}

impl Select {
    /// The output column of that name (lower case).
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.name == name)
    }

    /// Every expression of the SELECT, each with the word of its clause.
    pub fn expressions(&self) -> Vec<(&'static str, &Node)> {
        let joins = self.sources.iter().filter_map(|source| source.join.as_ref());
        let on = joins.flat_map(|join| &join.on).map(|node| ("on", node));
        let items = self.items.iter().filter(|item| !item.starred).map(|item| ("select", &item.node));
        let group = self.group.iter().flatten().map(|node| ("group by", node));
        items
            .chain(on)
            .chain(self.filters.iter().map(|node| ("where", node)))
            .chain(group)
            .chain(self.having.iter().map(|node| ("having", node)))
            .chain(self.qualify.iter().map(|node| ("qualify", node)))
            .collect()
    }

    /// Whether it folds rows.
    pub fn aggregates(&self) -> bool {
        self.group.is_some()
    }
}

impl Block {
    /// The SELECT that it is.
    pub fn select(&self) -> Option<&Select> {
        match &self.body {
            Body::Select(select) => Some(select),
            _ => None,
        }
    }
}

impl Outline {
    /// All SELECTs with the number of their block.
    pub fn selects(&self) -> impl Iterator<Item = (BlockId, &Select)> {
        self.blocks.iter().enumerate().filter_map(|(id, block)| Some((id, block.select()?)))
    }

    /// Names of the output columns of a block, when all are known.
    pub fn columns(&self, block: BlockId) -> Option<Vec<String>> {
        match &self.blocks[block].body {
            Body::Select(select) if select.open => None,
            Body::Select(select) => Some(select.items.iter().map(|item| item.name.clone()).collect()),
            Body::Set { arms, .. } => self.columns(*arms.first()?),
            Body::Opaque(columns) => columns.clone(),
        }
    }

    /// What a column of a block is made of, looking through blocks that only pass it on.
    pub fn origin<'a>(&'a self, block: BlockId, name: &str) -> Origin<'a> {
        let Some(item) = self.blocks[block].select().and_then(|select| select.item(name)) else {
            return Origin::Unknown;
        };
        self.origin_of(block, &item.node)
    }

    /// The same for an expression of a SELECT: a bare column is looked through, anything else is itself.
    pub fn origin_of<'a>(&'a self, block: BlockId, node: &'a Node) -> Origin<'a> {
        let (mut block, mut node) = (block, node);
        loop {
            let Kind::Column { source, name } = &node.kind else { return Origin::Expression(block, node) };
            let Some(select) = self.blocks[block].select() else { return Origin::Unknown };
            let Some(from) = select.sources.get(*source) else { return Origin::Unknown };
            match &from.of {
                Of::Base(id) => return Origin::Base(id, name),
                Of::Made => return Origin::Unknown,
                Of::Block(inner) => {
                    let Some(item) = self.blocks[*inner].select().and_then(|select| select.item(name)) else {
                        return Origin::Unknown;
                    };
                    (block, node) = (*inner, &item.node);
                }
            }
        }
    }
}
