//! `includes/*.js` that hold nothing but constants: `const X = "text"; module.exports = { X };`. Any other file is
//! JavaScript's to run, and nothing of it is known.

use super::js::{self, Js};
use super::script::blank;
use crate::project::find::{join, relative};
use crate::project::load::LoadOptions;
use std::collections::BTreeMap;

/// The constants of the project by the names that templates give them: `file.NAME`.
pub(super) fn read(options: &LoadOptions<'_>) -> BTreeMap<String, String> {
    let folder = join(&options.root, "includes");
    let mut all = BTreeMap::new();
    for path in options.files.under(&folder) {
        // Files in folders below go by `require`, which is not read.
        let Some(name) = relative(path, &folder).strip_suffix(".js").filter(|name| !name.contains('/')) else {
            continue;
        };
        let text = options.files.text(path).ok().flatten().unwrap_or_default();
        let constants = constants(&text).unwrap_or_default();
        all.extend(constants.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
    }
    all
}

/// What a file of constants exports; `None` when it holds anything else.
fn constants(text: &str) -> Option<BTreeMap<String, String>> {
    let (mut known, mut exported) = (BTreeMap::new(), None);
    let mut rest = blank(text);
    while !rest.is_empty() {
        if exported.is_some() {
            return None;
        }
        let end = statement(rest);
        let (one, behind) = (rest[..end].trim(), rest.get(end..).unwrap_or_default());
        rest = blank(behind.trim_start_matches([';', '\n', '\r', ' ', '\t']));
        if let Some(list) = one.strip_prefix("module.exports") {
            exported = Some(list.trim_start().strip_prefix('=')?.trim().to_owned());
            continue;
        }
        let declared = ["const ", "let ", "var "].iter().find_map(|word| one.strip_prefix(word))?;
        let (name, value) = declared.split_once('=')?;
        match js::expression(value.trim())? {
            Js::Text(value) | Js::Number(value) => known.insert(identifier(name)?.to_owned(), value),
            _ => return None,
        };
    }
    let inside = exported?;
    let inside = inside.strip_prefix('{')?.strip_suffix('}')?;
    let mut all = BTreeMap::new();
    for entry in inside.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (key, name) = entry.split_once(':').unwrap_or((entry, entry));
        all.insert(identifier(key)?.to_owned(), known.get(identifier(name)?)?.clone());
    }
    Some(all)
}

fn identifier(name: &str) -> Option<&str> {
    let name = name.trim();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    plain.then_some(name)
}

/// Where a statement ends: at a `;`, or at the end of its line outside brackets and strings.
fn statement(text: &str) -> usize {
    let (mut quote, mut escaped, mut depth) = (None, false, 0i32);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '{' | '(' | '[') => depth += 1,
            (None, '}' | ')' | ']') => depth -= 1,
            (None, ';') if depth <= 0 => return at,
            // A value may stand on the line behind its `=`.
            (None, '\n') if depth <= 0 && !text[..at].trim_end().ends_with('=') => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_constants_are_read() {
        let text = "// names\nconst DAYS = 7;\nconst ZONE =\n  'Europe/Paris'\n\nmodule.exports = {\n  DAYS, zone: ZONE,\n};\n";
        let want =
            BTreeMap::from([("DAYS".to_owned(), "7".to_owned()), ("zone".to_owned(), "Europe/Paris".to_owned())]);
        assert_eq!(constants(text), Some(want));
        for other in [
            "function f() { return 1 }\nmodule.exports = { f };",
            "const A = process.env.A;\nmodule.exports = { A };",
            "let A = 'x';\nA = 'y';\nmodule.exports = { A };",
            "const A = 'x';",
            "const A = 'x';\nmodule.exports = { B };",
            "const A = 'x';\nmodule.exports = { ...A };",
            "const A = 'x';\nmodule.exports = { A };\nmodule.exports.A = 'y';",
        ] {
            assert_eq!(constants(other), None, "{other}");
        }
    }
}
