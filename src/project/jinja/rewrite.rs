//! Rewrites dbt's Jinja into what minijinja accepts, line by line the same: mutable list and dict literals, `'%s' % x`,
//! `{% if x: %}`, Python string escapes, adjacent strings, call blocks.

mod escape;
mod marks;

use self::escape::escape;
use self::marks::Marks;
use super::macros::absent;
use super::scan::{Arg, arguments, between, first_word, matching};
use super::tokens::{Kind, Piece, SyntaxError, Tag, Token, pieces, tokens};
use std::collections::BTreeMap;
use std::ops::Range;

/// A rewritten template and the bodies of its call blocks, each a template of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// Template text for minijinja; line n is line n of the file.
    pub(crate) source: String,
    /// Call-block bodies.
    pub(crate) callers: Vec<Caller>,
}

/// The body of a `{% call(args) ... %}` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) args: Vec<String>,
    pub(crate) source: String,
}

/// Names that a `[` may follow as a literal rather than as a subscript.
const KEYWORDS: [&str; 11] = ["in", "and", "or", "not", "if", "else", "elif", "for", "do", "set", "is"];
/// Brackets or call blocks within one another.
const MAX_DEPTH: usize = 100;
/// Tags that would reach other files.
const FILES: [&str; 6] = ["include", "import", "from", "extends", "block", "endblock"];

/// Rewrites `body` of the file `text` as a routine with `args` (empty for models). `owner` names its call blocks.
pub(crate) fn rewrite(text: &str, args: &[Arg], body: Range<usize>, owner: &str) -> Result<Rewritten, SyntaxError> {
    let mut rewriter = Rewriter { text, owner, callers: Vec::new(), depth: 0, marks: Marks::default() };
    // Jinja reads every line break as a line feed.
    let source = line_feeds(rewriter.routine(args, body)?);
    for caller in &mut rewriter.callers {
        caller.source = line_feeds(std::mem::take(&mut caller.source));
    }
    Ok(Rewritten { source, callers: rewriter.callers })
}

/// Rewrites one expression (a macro's default, a config value).
pub(crate) fn rewrite_expression(text: &str) -> Result<String, SyntaxError> {
    let mut rewriter = Rewriter { text, owner: "", callers: Vec::new(), depth: 0, marks: Marks::default() };
    rewriter.expression(&tokens(text, 0..text.len())?)
}

struct Rewriter<'a> {
    text: &'a str,
    owner: &'a str,
    callers: Vec<Caller>,
    /// Nesting of brackets and call blocks, bounded because hostile nesting would exhaust the stack.
    depth: usize,
    /// Calls that are put into the expressions.
    marks: Marks,
}

impl Rewriter<'_> {
    fn deeper(&mut self, offset: usize) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::unsupported(format!("nested deeper than {MAX_DEPTH} levels"), offset));
        }
        Ok(())
    }

    /// Newlines up to the body (inside a comment, so that they print nothing), defaults, body.
    fn routine(&mut self, args: &[Arg], body: Range<usize>) -> Result<String, SyntaxError> {
        let lines = self.text[..body.start].bytes().filter(|b| *b == b'\n').count();
        let mut out = if lines > 0 { format!("{{#{}#}}", "\n".repeat(lines)) } else { String::new() };
        for arg in args {
            if let Some(range) = &arg.default {
                let value = self.expression(&tokens(self.text, range.clone())?)?.replace('\n', " ");
                out += &format!("{{% if {} %}}{{% set {} = __v({value}) %}}{{% endif %}}", absent(&arg.name), arg.name);
            }
        }
        let pieces = self.pieces_of(body)?;
        self.emit(&pieces, &mut out)?;
        out += "{{ __end() }}";
        Ok(out)
    }

    /// The pieces of a range, with ranges of the whole text.
    fn pieces_of(&self, range: Range<usize>) -> Result<Vec<Piece>, SyntaxError> {
        let shift = |r: Range<usize>| r.start + range.start..r.end + range.start;
        let tag = |t: Tag| Tag { whole: shift(t.whole), inner: shift(t.inner), ..t };
        let list =
            pieces(&self.text[range.clone()]).map_err(|e| SyntaxError { offset: e.offset + range.start, ..e })?;
        Ok(list
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(r) => Piece::Text(shift(r)),
                Piece::Comment(r) => Piece::Comment(shift(r)),
                Piece::Print(t) => Piece::Print(tag(t)),
                Piece::Statement(t) => Piece::Statement(tag(t)),
            })
            .collect())
    }

    /// Bytes of plain text inside each loop, by the index of its opening tag.
    fn loop_texts(&self, pieces: &[Piece]) -> BTreeMap<usize, usize> {
        let (mut open, mut out, mut total): (Vec<(usize, usize)>, BTreeMap<usize, usize>, usize) = Default::default();
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Text(range) => total += range.len(),
                Piece::Statement(tag) if first_word(self.text, tag) == "for" => open.push((index, total)),
                Piece::Statement(tag) if first_word(self.text, tag) == "endfor" => {
                    if let Some((index, before)) = open.pop() {
                        out.insert(index, total - before);
                    }
                }
                _ => {}
            }
        }
        out
    }

    fn emit(&mut self, pieces: &[Piece], out: &mut String) -> Result<(), SyntaxError> {
        let loops = self.loop_texts(pieces);
        let mut at = 0;
        while at < pieces.len() {
            match &pieces[at] {
                Piece::Text(range) | Piece::Comment(range) => *out += &self.text[range.clone()],
                Piece::Print(tag) => {
                    let inner = self.expression(&tokens(self.text, tag.inner.clone())?)?;
                    // A blank keeps a rewritten dict's brace apart from the delimiter.
                    *out += &format!("{{{{{} {inner} {}}}}}", dash(tag.trim_left), dash(tag.trim_right));
                }
                Piece::Statement(tag) if first_word(self.text, tag) == "call" => {
                    let end = matching(self.text, pieces, at, "call", "endcall")
                        .ok_or_else(|| SyntaxError::new("`{% call %}` is never closed", tag.whole.start))?;
                    if let Piece::Statement(close) = &pieces[end] {
                        *out += &self.call(tag, close)?;
                    }
                    at = end;
                }
                Piece::Statement(tag) => {
                    let inner = self.statement(tag)?;
                    *out += &format!("{{%{} {inner} {}%}}", dash(tag.trim_left), dash(tag.trim_right));
                    // Plain text costs no steps: a loop over much of it is counted here, and asked whether it is on time.
                    if let Some(bytes) = loops.get(&at) {
                        *out += &format!("{{{{ __t({bytes}) {}}}}}", dash(tag.trim_right));
                    }
                }
            }
            at += 1;
        }
        Ok(())
    }

    fn statement(&mut self, tag: &Tag) -> Result<String, SyntaxError> {
        let word = first_word(self.text, tag);
        if FILES.contains(&word) {
            let message = format!("`{{% {word} %}}` reads other templates, which dbt projects do not have");
            return Err(SyntaxError::unsupported(message, tag.whole.start));
        }
        if word == "autoescape" {
            return Err(SyntaxError::unsupported("`autoescape` is not built in here", tag.whole.start));
        }
        if matches!(word, "macro" | "endmacro") {
            // dbt gives a macro another name, so that nobody can call it where it stands.
            let message = "a macro inside a template or another macro is not built in here";
            return Err(SyntaxError::unsupported(message, tag.whole.start));
        }
        let mut list = tokens(self.text, tag.inner.clone())?;
        if word == "with" {
            self.with(&list, tag.whole.start)?;
        }
        while list.last().is_some_and(|t| t.kind == Kind::Space || &self.text[t.range.clone()] == ":") {
            list.pop();
        }
        if word == "set"
            && let Some(equals) = self.at_depth_zero(&list, "=")
        {
            let target = self.expression(&list[..equals])?;
            let value = &list[equals + 1..];
            let tuple = self.at_depth_zero(value, ",").is_some();
            let value = self.expression(value)?;
            return Ok(if tuple { format!("{target}= __v(({value}))") } else { format!("{target}= __v({value})") });
        }
        if word == "do" {
            // minijinja's takes a call only, not `a.append(x) if y`.
            let from = list.iter().position(|t| t.kind == Kind::Name).map_or(0, |at| at + 1);
            let value = self.expression(&list[from..])?;
            return Ok(format!("set __do = __v({value})"));
        }
        self.expression(&list)
    }

    /// In Jinja, no value of a `with` sees the names that stand before it in the same tag.
    fn with(&self, list: &[Token], offset: usize) -> Result<(), SyntaxError> {
        let word = |n: usize| &self.text[list[n].range.clone()];
        let mut names: Vec<&str> = Vec::new();
        let solid: Vec<usize> = (0..list.len()).filter(|&n| list[n].kind != Kind::Space).collect();
        for (at, &n) in solid.iter().enumerate().filter(|(_, n)| list[**n].kind == Kind::Name) {
            if solid.get(at + 1).is_some_and(|&next| word(next) == "=") {
                names.push(word(n));
            } else if names.len() > 1 && names.contains(&word(n)) {
                let message = "a `with` whose values name one another is not built in here";
                return Err(SyntaxError::unsupported(message, offset));
            }
        }
        Ok(())
    }

    /// `{% call(a) f(x) %}body{% endcall %}` becomes `{{ f(x, caller=__caller('...')) }}`.
    fn call(&mut self, open: &Tag, close: &Tag) -> Result<String, SyntaxError> {
        let list: Vec<Token> = tokens(self.text, open.inner.clone())?;
        let mut rest = list.iter().position(|t| t.kind == Kind::Name).map_or(0, |at| at + 1);
        let mut args = Vec::new();
        let next = list[rest..].iter().position(|t| t.kind != Kind::Space).map_or(list.len(), |n| rest + n);
        if list.get(next).is_some_and(|t| &self.text[t.range.clone()] == "(") {
            let end = self.closing(&list, next)?;
            let header: Vec<Token> = list[next..=end].iter().filter(|t| t.kind != Kind::Space).cloned().collect();
            args = arguments(self.text, &header, open.whole.start)?;
            rest = end + 1;
        }
        let expression = &list[rest..];
        let no_call = || SyntaxError::new("`{% call %}` without a call", open.whole.start);
        let last = expression.iter().rposition(|t| t.kind != Kind::Space).ok_or_else(no_call)?;
        if &self.text[expression[last].range.clone()] != ")" {
            return Err(no_call());
        }
        let first = (0..last)
            .rev()
            .find(|&n| {
                &self.text[expression[n].range.clone()] == "("
                    && self.closing(expression, n).is_ok_and(|end| end == last)
            })
            .ok_or_else(no_call)?;
        let empty = expression[first + 1..last].iter().all(|t| t.kind == Kind::Space);
        let head = self.expression(&expression[..last])?;
        let body = between(self.text, open, close);
        let name = format!("{}#{}", self.owner, open.whole.start);
        self.deeper(open.whole.start)?;
        let source = self.routine(&args, body)?;
        self.depth -= 1;
        let args = args.into_iter().map(|arg| arg.name).collect();
        self.callers.push(Caller { name: name.clone(), args, source });
        let lines = self.text[open.whole.end..close.whole.end].bytes().filter(|b| *b == b'\n').count();
        Ok(format!(
            "{{{{{} {head}{} caller=__caller('{name}')){} {}}}}}",
            dash(open.trim_left),
            if empty { "" } else { "," },
            "\n".repeat(lines),
            dash(close.trim_right)
        ))
    }

    /// The index of the first token `what` outside brackets.
    fn at_depth_zero(&self, list: &[Token], what: &str) -> Option<usize> {
        let mut depth = 0i32;
        list.iter().position(|token| {
            let word = &self.text[token.range.clone()];
            match (token.kind, word) {
                (Kind::Op, "(" | "[" | "{") => depth += 1,
                (Kind::Op, ")" | "]" | "}") => depth -= 1,
                _ => {}
            }
            depth == 0 && token.kind == Kind::Op && word == what
        })
    }

    /// The index of the bracket that closes the one at `open`.
    fn closing(&self, list: &[Token], open: usize) -> Result<usize, SyntaxError> {
        let mut depth = 0i32;
        for (index, token) in list.iter().enumerate().skip(open) {
            if token.kind == Kind::Op {
                match &self.text[token.range.clone()] {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Ok(index);
                }
            }
        }
        Err(SyntaxError::new("bracket is never closed", list[open].range.start))
    }

    fn expression(&mut self, list: &[Token]) -> Result<String, SyntaxError> {
        self.marks.add(self.text, list)?;
        self.marked(list)
    }

    fn marked(&mut self, list: &[Token]) -> Result<String, SyntaxError> {
        let text = self.text;
        let mut out = String::new();
        let mut previous: Option<&Token> = None;
        let mut at = 0;
        while at < list.len() {
            let token = &list[at];
            let word = &text[token.range.clone()];
            if token.kind != Kind::Space {
                self.open(token, &mut out);
            }
            match (token.kind, word) {
                (Kind::Op, "[" | "{") if word == "{" || literal_position(text, previous) => {
                    let end = self.closing(list, at)?;
                    self.deeper(token.range.start)?;
                    let inner = self.marked(&list[at + 1..end])?;
                    self.depth -= 1;
                    let (maker, close) = if word == "[" { ("__l([", "])") } else { ("__d({", "})") };
                    if out.ends_with(|c: char| c == '_' || c.is_alphanumeric()) {
                        out.push(' ');
                    }
                    out += maker;
                    out += &inner;
                    out += close;
                    out += self.marks.after(&list[end]);
                    previous = Some(&list[end]);
                    at = end + 1;
                }
                (Kind::Text, _) => {
                    let (literal, next) = self.strings(list, at)?;
                    out += &literal;
                    out += list[..next].last().map_or("", |last| self.marks.after(last));
                    previous = Some(token);
                    at = next;
                    if let Some((operand, end)) = self.format_operand(list, at) {
                        self.deeper(token.range.start)?;
                        let operand = self.marked(&list[operand])?;
                        self.depth -= 1;
                        out += &format!("|__mod({operand})");
                        at = end;
                    }
                }
                (Kind::Op, sign) if self.marks.is_sign(token) => {
                    out += &format!(", '{sign}', ");
                    previous = Some(token);
                    at += 1;
                }
                _ if self.marks.is_comma(token) => {
                    out += ", ";
                    previous = Some(token);
                    at += 1;
                }
                _ if self.marks.is_dropped(token) => at += 1,
                (Kind::Name, name) if self.marks.is_quoted(token) => {
                    out += &format!("'{name}'");
                    out += self.marks.after(token);
                    previous = Some(token);
                    at += 1;
                }
                // A sign that changes nothing, which minijinja does not know.
                (Kind::Op, "+") if literal_position(text, previous) => at += 1,
                (Kind::Space, _) => {
                    // Python's blanks are more than minijinja's.
                    out.extend(word.chars().map(|c| if c.is_ascii() { c } else { ' ' }));
                    at += 1;
                }
                (Kind::Number, _)
                    if list[at + 1..]
                        .iter()
                        .find(|t| t.kind != Kind::Space)
                        .is_some_and(|t| &text[t.range.clone()] == ".") =>
                {
                    return Err(SyntaxError::unsupported("an attribute of a number", token.range.start));
                }
                (Kind::Number, _) if word.contains("__") || octal(word) => {
                    return Err(SyntaxError::new(format!("`{word}` is no number"), token.range.start));
                }
                _ => {
                    match (token.kind, large(word)) {
                        (Kind::Number, Some(digits)) => out += &format!("'{digits}'"),
                        _ => out += word,
                    }
                    out += self.marks.after(token);
                    previous = Some(token);
                    at += 1;
                }
            }
        }
        Ok(out)
    }

    /// Writes the calls that begin before a token, apart from a word that stands before them.
    fn open(&self, token: &Token, out: &mut String) {
        let calls = self.marks.before(token);
        if !calls.is_empty() && out.ends_with(|c: char| c == '_' || c.is_alphanumeric()) {
            out.push(' ');
        }
        out.push_str(calls);
    }

    /// One literal for a run of adjacent strings from `at`, and the index after the run. Newlines are kept.
    fn strings(&self, list: &[Token], at: usize) -> Result<(String, usize), SyntaxError> {
        let (mut content, mut newlines, mut end, mut look) = (String::new(), String::new(), at, at);
        let mut pending = String::new();
        while let Some(token) = list.get(look) {
            let word = &self.text[token.range.clone()];
            match token.kind {
                Kind::Text => {
                    newlines += &pending;
                    pending.clear();
                    escape(&word[1..word.len() - 1], &mut content)
                        .map_err(|what| SyntaxError::unsupported(what, token.range.start))?;
                    end = look + 1;
                }
                Kind::Space => pending.extend(word.chars().filter(|c| *c == '\n')),
                _ => break,
            }
            look += 1;
        }
        Ok((format!("'{content}'{newlines}"), end))
    }

    /// After a string: the operand of `%` (range of tokens) and the index after it.
    fn format_operand(&self, list: &[Token], at: usize) -> Option<(Range<usize>, usize)> {
        let percent = (at..list.len()).find(|&n| list[n].kind != Kind::Space)?;
        (&self.text[list[percent].range.clone()] == "%").then(|| self.operand(list, percent + 1)).flatten()
    }

    /// The operand that starts at or after `from`: a name, text or bracket with its attributes, subscripts and calls.
    fn operand(&self, list: &[Token], from: usize) -> Option<(Range<usize>, usize)> {
        let solid = |from: usize| (from..list.len()).find(|&n| list[n].kind != Kind::Space);
        let word = |n: usize| &self.text[list[n].range.clone()];
        let start = solid(from)?;
        let mut end = if matches!(word(start), "(" | "[" | "{") { self.closing(list, start).ok()? } else { start };
        while let Some(next) = list.get(end + 1) {
            end = match (next.kind, &self.text[next.range.clone()]) {
                (Kind::Op, "(" | "[") => self.closing(list, end + 1).ok()?,
                (Kind::Op, ".") if list.get(end + 2).is_some_and(|t| t.kind == Kind::Name) => end + 2,
                _ => break,
            };
        }
        Some((start..end + 1, end + 1))
    }
}

/// A number as older languages write octal ones, which Jinja refuses.
fn octal(word: &str) -> bool {
    word.len() > 1
        && word.starts_with('0')
        && word.bytes().all(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b != b'0')
}

/// The decimal digits of a hexadecimal number that is larger than minijinja's numbers: such a number is an address, which
/// is printed and never counted with.
fn large(word: &str) -> Option<String> {
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?.replace('_', "");
    if !(33..=64).contains(&hex.len()) {
        return None;
    }
    // Digits in base 10^9, the lowest first.
    let mut parts = vec![0u64];
    for digit in hex.chars() {
        let mut carry = u64::from(digit.to_digit(16)?);
        for part in &mut parts {
            let sum = *part * 16 + carry;
            (*part, carry) = (sum % 1_000_000_000, sum / 1_000_000_000);
        }
        if carry > 0 {
            parts.push(carry);
        }
    }
    let (last, rest) = parts.split_last()?;
    Some(rest.iter().rev().fold(last.to_string(), |text, part| format!("{text}{part:09}")))
}

fn line_feeds(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn dash(yes: bool) -> &'static str {
    if yes { "-" } else { "" }
}

/// Whether a `[` after `previous` opens a list.
fn literal_position(text: &str, previous: Option<&Token>) -> bool {
    previous.is_none_or(|token| match token.kind {
        Kind::Op => !matches!(&text[token.range.clone()], ")" | "]" | "}"),
        Kind::Name => KEYWORDS.contains(&&text[token.range.clone()]),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
