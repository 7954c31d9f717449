//! The labelled edits of `tests/pairs`: what means the same is called equivalent, and nothing else is.

use super::super::{Dialect, Equivalence, compare};
use super::{Analysis, analysis};

#[path = "../../../tests/pairs/read.rs"]
mod read;

use read::{Label, pairs};

fn dialect(name: &str) -> Dialect {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn shown(analysis: &Analysis) -> String {
    let columns = analysis.outputs.iter().map(|one| format!("\n    {}: {}", one.key, one.expression));
    format!("  {:?}{}", analysis.row_shape, columns.collect::<String>())
}

#[test]
fn labelled_edits() {
    let mut wrong = Vec::new();
    let (mut same, mut proved, mut changed) = (0, 0, 0);
    for edit in pairs() {
        for name in &edit.dialects {
            let (base, head) = (analysis(&edit.base, dialect(name)), analysis(&edit.head, dialect(name)));
            let got = compare(&base, &head);
            let equivalent = got == Equivalence::Equivalent;
            same += usize::from(edit.label != Label::Changed);
            changed += usize::from(edit.label == Label::Changed);
            proved += usize::from(edit.label == Label::Same && equivalent);
            if equivalent != (edit.label == Label::Same) {
                wrong.push(format!(
                    "{} ({name}): {:?}, but called {got:?}\n{}\n{}\n{}",
                    edit.name,
                    edit.label,
                    edit.head,
                    shown(&base),
                    shown(&head)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(same >= 60 && changed >= 60, "{same} pairs that are the same, {changed} that are not");
    assert!(proved * 10 >= same * 9, "{proved} of {same} proved");
}
