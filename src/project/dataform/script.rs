//! `.js` files and `actions.yaml`: files that only declare sources are read, the others are told as not compiled.

use super::action::declared;
use super::js::{self, Js};
use super::settings::Settings;
use super::sqlx::script_end;
use super::targets::Target;
use crate::project::{Model, NotCompiled, NotCompiledCode, Source};

/// What a `.js` file defines.
pub(super) enum Script {
    /// Only sources, each with its name before suffixes.
    Sources(Vec<(Target, Source)>),
    /// What only running it would tell: a model that stands for the file.
    Unread(Box<Model>),
}

/// Reads a file.
pub(super) fn read(settings: &Settings, project: &str, path: &str, text: &str) -> Script {
    if let Some(configs) = declarations(text) {
        let sources: Option<Vec<_>> = configs.iter().map(|config| declared(settings, project, path, config)).collect();
        if let Some(sources) = sources {
            return Script::Sources(sources);
        }
    }
    // Files of one name in several folders are as many models.
    let name = path.rsplit_once("definitions/").map_or(path, |(_, within)| within);
    let mut model = Model::bare(project, name, path, text);
    let message = "what this file defines is not read; `dataform compile --json` runs it";
    model.compiled = Err(NotCompiled::at(path, 1, NotCompiledCode::Unsupported, message));
    Script::Unread(Box::new(model))
}

/// The arguments of a file that holds nothing but `declare({...})`.
fn declarations(text: &str) -> Option<Vec<Js>> {
    let mut found = Vec::new();
    let mut rest = blank(text);
    while !rest.is_empty() {
        let inside = blank(blank(rest.strip_prefix("declare")?).strip_prefix('(')?).strip_prefix('{')?;
        let end = script_end(inside, 0);
        found.push(js::object(inside.get(..end)?)?);
        rest = blank(blank(inside.get(end + 1..)?).strip_prefix(')')?);
        rest = blank(rest.trim_start_matches(';'));
    }
    Some(found)
}

/// The text behind blanks and comments.
pub(super) fn blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let behind = if rest.starts_with("//") {
            rest.find('\n').map_or("", |at| &rest[at..])
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or("", |at| &rest[at + 2..])
        } else {
            return rest;
        };
        rest = behind.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_plain_declarations_is_read() {
        let read = |text: &str| declarations(text).map(|all| all.len());
        assert_eq!(read("// raw\ndeclare({ schema: 'a', name: \"b\" });\n/* x */ declare ( {name: 'c'} )"), Some(2));
        assert_eq!(read(" // nothing\n"), Some(0));
        for text in
            ["['a'].forEach(n => declare({name: n}));", "declare({name: 'a'}); publish('x')", "declare({", "declare()"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
