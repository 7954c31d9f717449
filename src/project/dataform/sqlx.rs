//! A `.sqlx` file cut into its blocks: `config {}`, `js {}`, operations, the SQL between them, and the `${...}` in it.

use std::ops::Range;

/// One stretch of a SQL text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Text that stays as it is.
    Text(String),
    /// JavaScript between `${` and `}`, by its place in the file.
    Script(Range<usize>),
    /// A comment that JavaScript would read otherwise than it is written, by its place.
    Odd(usize),
}

/// A SQL text and where it starts in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) start: usize,
    pub(super) segments: Vec<Segment>,
}

impl Template {
    /// Whether it says nothing.
    pub(super) fn is_blank(&self) -> bool {
        self.segments.iter().all(|s| matches!(s, Segment::Text(text) if text.trim().is_empty()))
    }

    fn push(&mut self, text: &str) {
        match self.segments.last_mut() {
            Some(Segment::Text(last)) => last.push_str(text),
            _ => self.segments.push(Segment::Text(text.to_owned())),
        }
    }

    fn trim_line_end(&mut self) {
        if let Some(Segment::Text(last)) = self.segments.last_mut() {
            last.truncate(last.trim_end_matches(|c: char| c.is_whitespace() && c != '\n').len());
        }
    }
}

/// The blocks of a file.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// What stands in `config { }`, without the braces.
    pub(super) config: Option<Range<usize>>,
    /// The SQL, one for each statement between `---` lines.
    pub(super) sql: Vec<Template>,
    /// `pre_operations { }`.
    pub(super) before: Vec<Template>,
    /// `post_operations { }`.
    pub(super) after: Vec<Template>,
    /// Whether there is an `incremental_where { }`.
    pub(super) filter: bool,
}

/// Cuts a file. Line ends must be `\n`, as JavaScript makes them.
pub(super) fn blocks(text: &str) -> Blocks {
    let mut blocks = Blocks::default();
    let mut sql = Statements { text, at: 0, all: vec![Template::default()], endless: false };
    while sql.at < text.len() {
        let rest = &text[sql.at..];
        let opened = ["config {", "js {"].into_iter().find(|word| rest.starts_with(word));
        if let Some(word) = opened {
            let from = sql.at + word.len();
            let to = script_end(text, from);
            if word.starts_with("config") {
                blocks.config = Some(from..to);
            }
            sql.at = (to + 1).min(text.len());
            continue;
        }
        let named = [("pre_operations {", 0), ("post_operations {", 1), ("incremental_where {", 2)];
        let inner = named.into_iter().find(|(word, _)| rest.starts_with(word)).map(|(word, which)| (word.len(), which));
        if let Some((length, which)) = inner.or_else(|| input(rest).map(|length| (length, 3))) {
            let start = sql.at + length;
            let first = Template { start, ..Template::default() };
            let mut inside = Statements { text, at: start, all: vec![first], endless: sql.endless };
            while inside.at < text.len() && !text[inside.at..].starts_with('}') {
                inside.step();
            }
            sql.at = (inside.at + 1).min(text.len());
            match which {
                0 => blocks.before = inside.all,
                1 => blocks.after = inside.all,
                2 => blocks.filter = true,
                // Rows for a unit test.
                _ => {}
            }
            continue;
        }
        sql.step();
    }
    blocks.sql = sql.all;
    blocks
}

/// The length of `input "a", "b" {`, when the text starts with one.
fn input(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix("input ")?;
    loop {
        rest = rest.strip_prefix('"')?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).filter(|end| *end > 0)?;
        rest = rest[end..].strip_prefix('"')?;
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return Some(text.len() - rest.strip_prefix(" {")?.len()),
        }
    }
}

/// Statements that are being read.
struct Statements<'a> {
    text: &'a str,
    at: usize,
    all: Vec<Template>,
    /// Whether no comment closes from here on, so that it is not looked for again and again.
    endless: bool,
}

impl Statements<'_> {
    /// Reads one comment, string, placeholder, separator or character.
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        if rest.starts_with("--") {
            let line = rest.find('\n').unwrap_or(rest.len());
            let parts = rest[2..line].strip_prefix('-').is_some_and(|behind| behind.trim().is_empty());
            if parts {
                self.last().trim_line_end();
                self.at += line;
                self.all.push(Template { start: self.at, ..Template::default() });
            } else {
                self.comment(line);
            }
        } else if let Some(inside) = rest.strip_prefix("/*").filter(|_| !self.endless) {
            match inside.find("*/") {
                Some(end) => self.comment(end + 4),
                None => self.endless = true,
            }
        } else if rest.starts_with("${") {
            self.script();
        } else if let Some(quote) = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| rest.starts_with(quote)) {
            self.string(quote);
        } else {
            self.take(rest.chars().next().map_or(1, char::len_utf8));
        }
    }

    fn last(&mut self) -> &mut Template {
        if self.all.is_empty() {
            self.all.push(Template::default());
        }
        let at = self.all.len() - 1;
        &mut self.all[at]
    }

    fn take(&mut self, length: usize) {
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        self.last().push(text);
    }

    fn comment(&mut self, length: usize) {
        let at = self.at;
        // Within a template string of JavaScript, which a comment becomes, a backslash escapes what follows.
        if self.text[at..at + length].contains('\\') {
            self.last().segments.push(Segment::Odd(at));
        }
        self.take(length);
    }

    fn script(&mut self) {
        let from = self.at + 2;
        let to = script_end(self.text, from);
        self.last().segments.push(Segment::Script(from..to));
        self.at = (to + 1).min(self.text.len());
    }

    /// A string of SQL: placeholders in it count, comments and blocks do not.
    fn string(&mut self, quote: &str) {
        self.take(quote.len());
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let escaped = rest.starts_with("\\\\")
                || (quote.len() == 1 && rest.strip_prefix('\\').is_some_and(|r| r.starts_with(quote)));
            if escaped {
                self.take(2);
            } else if rest.starts_with("${") {
                self.script();
            } else if rest.starts_with(quote) {
                return self.take(quote.len());
            } else {
                self.take(rest.chars().next().map_or(1, char::len_utf8));
            }
        }
    }
}

/// The place of the brace that closes a JavaScript block whose inside starts at `at`; the end when none does.
pub(super) fn script_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut endless) = (at, false);
    // What is open: `{` or a template string.
    let mut open = vec![b'{'];
    while at < bytes.len() {
        let rest = &bytes[at..];
        if open.last() == Some(&b'`') {
            match rest[0] {
                b'\\' if rest.len() > 1 && rest[1] == b'\\' => at += 1,
                b'$' if rest.starts_with(b"${") => {
                    open.push(b'{');
                    at += 1;
                }
                b'`' => drop(open.pop()),
                _ => {}
            }
            at += 1;
            continue;
        }
        match rest[0] {
            b'/' if rest.starts_with(b"//") => at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with(b"/*") && !endless => match find(&rest[2..], b"*/") {
                Some(end) => at += end + 4,
                None => endless = true,
            },
            quote @ (b'\'' | b'"') => at += plain_string(rest, quote).unwrap_or(1),
            b'`' | b'{' => {
                open.push(rest[0]);
                at += 1;
            }
            b'}' => {
                open.pop();
                if open.is_empty() {
                    return at;
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The length of a string that ends on its line and escapes nothing but its quote and the backslash; Dataform knows no
/// other.
fn plain_string(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' => return None,
            b'\\' if bytes.get(at + 1).is_some_and(|next| *next == quote || *next == b'\\') => at += 1,
            b'\\' => return None,
            byte if *byte == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &Template, of: &str) -> String {
        let segments = template.segments.iter().map(|segment| match segment {
            Segment::Text(text) => text.clone(),
            Segment::Script(range) => format!("<{}>", &of[range.clone()]),
            Segment::Odd(_) => "<odd>".to_owned(),
        });
        segments.collect()
    }

    #[test]
    fn blocks_are_cut_out_and_placeholders_found() {
        let file = "config { type: \"table\", a: {b: '}'} }\njs { const x = `}${ {a: 1}.a }`; }\nselect '${a}}' -- ${no} {\nfrom ${ref(\"t\")}\npre_operations { set x = '}'; --- \n---\n delete from ${self()} }";
        let found = blocks(file);
        assert_eq!(found.config.map(|range| &file[range]), Some(" type: \"table\", a: {b: '}'} "));
        assert_eq!(found.sql.len(), 1);
        assert_eq!(text(&found.sql[0], file).trim(), "select '<a>}' -- ${no} {\nfrom <ref(\"t\")>");
        let before: Vec<String> = found.before.iter().map(|t| text(t, file)).collect();
        assert_eq!(before, [" set x = '}';", "\n", "\n delete from <self()> "]);
    }

    #[test]
    fn statements_are_parted_by_three_dashes_on_a_line() {
        let file = "select 1\n  ---\t\nselect '---\n' --- no\n/* \\d */";
        let found = blocks(file);
        let all: Vec<String> = found.sql.iter().map(|t| text(t, file)).collect();
        assert_eq!(all, ["select 1\n", "\nselect '---\n' --- no\n<odd>/* \\d */"]);
    }

    #[test]
    fn what_is_never_closed_reaches_to_the_end() {
        for file in ["config {", "config { '", "js { `${", "${", "'", "'''${", "/*", "input \"a\" {", "input \"", "é\\"]
        {
            let found = blocks(file);
            assert!(!found.sql.is_empty(), "{file}");
        }
        for hostile in ["${", "/*", "config {/*", "x", "'", "--"] {
            assert!(!blocks(&hostile.repeat(100_000)).sql.is_empty(), "{hostile}");
        }
    }
}
