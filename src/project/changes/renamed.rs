//! Nodes whose relation is called differently on the two sides: who reads them reads the same, under another name.

use crate::project::Project;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Relations that both sides have under different names.
pub(super) struct Renamed {
    /// Rendered names on base and head, by unique id.
    names: BTreeMap<String, [String; 2]>,
    /// What made the names differ where no config did: `macro:NAME`, else `project`.
    pub(super) cause: String,
}

impl Renamed {
    /// The nodes and sources that are called differently.
    pub(super) fn between(base: &Project, head: &Project) -> Self {
        let models = base.models.iter().filter_map(|(id, b)| Some((id, &b.relation, &head.models.get(id)?.relation)));
        let sources =
            base.sources.iter().filter_map(|(id, b)| Some((id, &b.relation, &head.sources.get(id)?.relation)));
        let other = models.chain(sources).filter(|(_, b, h)| b.rendered != h.rendered);
        let names = other.map(|(id, b, h)| (id.clone(), [b.rendered.clone(), h.rendered.clone()])).collect();
        let mut macros = base.naming_macros.keys().chain(head.naming_macros.keys());
        let differs = |name: &&String| base.naming_macros.get(*name) != head.naming_macros.get(*name);
        let cause = macros.find(differs).map_or_else(|| "project".to_owned(), |name| format!("macro:{name}"));
        Self { names, cause }
    }

    /// Whether the node is called differently.
    pub(super) fn has(&self, id: &str) -> bool {
        self.names.contains_key(id)
    }

    /// The text of one side (0 for base, 1 for head) with what is renamed under its unique id.
    pub(super) fn plain<'t>(&self, text: &'t str, side: usize) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        // A longer name may begin with a shorter one.
        let mut names: Vec<_> = self.names.iter().filter(|(_, names)| text.contains(&names[side])).collect();
        names.sort_by_key(|(_, names)| std::cmp::Reverse(names[side].len()));
        for (id, names) in names {
            text = Cow::Owned(replaced(&text, &names[side], &format!("\"{id}\"")));
        }
        text
    }
}

/// `text` with `to` for each `name` that is not the beginning or end of another.
fn replaced(text: &str, name: &str, to: &str) -> String {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(name) {
        let end = at + name.len();
        let joined = rest[..at].chars().next_back().is_some_and(|c| inner(c) && name.starts_with(inner))
            || rest[end..].chars().next().is_some_and(|c| inner(c) && name.ends_with(inner));
        out.push_str(&rest[..at]);
        out.push_str(if joined { name } else { to });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}
