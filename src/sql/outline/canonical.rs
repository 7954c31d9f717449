//! Expressions over base relations, comparable across two texts.

use std::collections::BTreeMap;

use super::{BlockId, Call, Kind, Node, Of, Origin, Outline, Select, text};

/// Columns within columns that are followed.
const DEEPEST: usize = 30;
/// Nodes of an expression that takes the place of its column.
const LARGEST: usize = 100;

/// The text of an expression of a SELECT with its columns replaced by what they are made of: equal on both sides of a
/// change whatever CTEs and aliases are called.
pub fn canonical(outline: &Outline, block: BlockId, node: &Node) -> String {
    let mut node = node.clone();
    node.bracketed = false;
    rename(outline, block, &mut node, 0);
    text(&Select::default(), &node)
}

/// Names every column by its origin; an expression that it comes from takes its place.
fn rename(outline: &Outline, block: BlockId, node: &mut Node, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if matches!(node.kind, Kind::Column { .. }) {
        let replaced = match outline.origin_of(block, node) {
            Origin::Base(id, column) => Some(Node::new(Kind::Unresolved(format!("{id}.{column}")), node.span)),
            Origin::Expression(inner, expression) if expression.all().len() < LARGEST => {
                let mut expression = expression.clone();
                rename(outline, inner, &mut expression, depth + 1);
                Some(expression)
            }
            _ => None,
        };
        if let Some(replaced) = replaced {
            node.kind = replaced.kind;
        }
        return;
    }
    for part in parts_mut(node) {
        rename(outline, block, part, depth + 1);
    }
}

fn parts_mut(node: &mut Node) -> Vec<&mut Node> {
    match &mut node.kind {
        Kind::Call(call) => {
            let Call { args, filter, over, .. } = call.as_mut();
            let over =
                over.iter_mut().flat_map(|w| w.partition.iter_mut().chain(w.order.iter_mut().map(|k| &mut k.node)));
            args.iter_mut().chain(filter).chain(over).collect()
        }
        Kind::Binary { left, right, .. } => vec![left, right],
        Kind::Unary { inner, .. }
        | Kind::IsNull { inner, .. }
        | Kind::Cast { inner, .. }
        | Kind::InQuery { inner, .. } => {
            vec![inner]
        }
        Kind::Case { operand, whens, otherwise } => {
            let whens = whens.iter_mut().flat_map(|(condition, result)| [condition, result]);
            operand.as_deref_mut().into_iter().chain(whens).chain(otherwise.as_deref_mut()).collect()
        }
        Kind::In { inner, list, .. } => std::iter::once(inner.as_mut()).chain(list.iter_mut()).collect(),
        Kind::Between { inner, low, high, .. } => vec![inner, low, high],
        Kind::TimeZone { inner, zone } => vec![inner, zone],
        Kind::Other { parts, .. } => parts.iter_mut().collect(),
        _ => Vec::new(),
    }
}

impl Outline {
    /// Output columns of the query by name, each with the expression that makes it and its block: `select * from final`
    /// is looked through.
    pub fn outputs(&self) -> BTreeMap<String, (BlockId, &Node)> {
        let mut root = self.root;
        while let Some(select) = self.blocks[root].select()
            && let [only] = select.sources.as_slice()
            && let Of::Block(inner) = only.of
            && select.items.iter().all(|item| item.starred)
            && !select.items.is_empty()
        {
            root = inner;
        }
        let Some(select) = self.blocks[root].select() else { return BTreeMap::new() };
        let mut outputs = BTreeMap::new();
        for item in &select.items {
            let made = match self.origin_of(root, &item.node) {
                Origin::Expression(block, node) => (block, node),
                _ => (root, &item.node),
            };
            outputs.insert(item.name.clone(), made);
        }
        outputs
    }
}
