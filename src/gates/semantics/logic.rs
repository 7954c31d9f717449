//! AND beside OR without brackets.

use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Kind, Node, Select};

pub(super) fn look(reading: &Reading<'_>, _block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    let mut whole: Vec<&Node> = select.filters.iter().chain(&select.having).chain(&select.qualify).collect();
    whole.extend(select.sources.iter().filter_map(|source| source.join.as_ref()).flat_map(|join| &join.on));
    let inner: Vec<&Node> = select.items.iter().flat_map(|item| item.node.all()).collect();
    let cases = inner.iter().filter_map(|node| match &node.kind {
        Kind::Case { whens, .. } => Some(whens.iter().map(|(condition, _)| condition)),
        _ => None,
    });
    whole.extend(cases.flatten());
    for condition in whole {
        // A chain of AND is split into conjuncts: an OR among them stood alone, or in brackets.
        for node in condition.all() {
            let Kind::Binary { operator, left, right } = &node.kind else { continue };
            let bare_and = |side: &Node| {
                !side.bracketed && matches!(&side.kind, Kind::Binary { operator, .. } if operator == "and")
            };
            if operator == "or" && !node.bracketed && (bare_and(left) || bare_and(right)) {
                let text = reading.text(select, node);
                let message = format!("{text}: AND binds before OR");
                let help = "put brackets around what belongs together";
                found.push(Defect::new("and-or-precedence", node.span, message, help).warning().only_new());
                break;
            }
        }
    }
}
