//! A message as the lines that speak for themselves: what is quoted, fenced or hidden is taken out.

use std::borrow::Cow;

/// The lines of a message. What was taken out is an empty line, so that neighbours stay neighbours.
pub(in crate::audit) struct Text {
    lines: Vec<String>,
    /// Hidden comments (`<!-- ... -->`) that stand outside of code, trimmed.
    pub comments: Vec<String>,
}

impl Text {
    /// Reads a commit message or the body of a pull request.
    pub fn of(message: &str) -> Self {
        let lines = without_fences(split(message));
        let (visible, comments) = without_comments(&lines.join("\n"));
        let visible = without_elements(&visible, "blockquote");
        let visible = without_elements(&visible, "pre");
        let lines = visible.split('\n').map(str::to_owned).collect();
        Self { lines: without_quoted_lines(lines), comments }
    }

    /// The lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().map(String::as_str).enumerate().filter(|(_, line)| !line.trim().is_empty())
    }

    /// The line `at`, empty where there is none.
    pub fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", String::as_str)
    }

    /// The line before `at`, empty for the first.
    pub fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |i| self.line(i))
    }
}

fn split(message: &str) -> Vec<&str> {
    // `git commit -m "subject\n\nbody"` leaves a backslash and an n where no shell turned them into a line end.
    let lines: Vec<&str> = if !message.trim().contains('\n') && message.contains("\\n") {
        message.split("\\n").collect()
    } else {
        message.split('\n').collect()
    };
    // Below the scissors, `git commit -v` shows the difference.
    let end = lines.iter().position(|l| l.starts_with("# ---") && l.contains(">8")).unwrap_or(lines.len());
    lines.into_iter().take(end).map(|l| l.trim_end_matches('\r')).collect()
}

/// Empties fenced code. A fence that is never closed is none.
fn without_fences(mut lines: Vec<&str>) -> Vec<&str> {
    let fence = |line: &str| {
        let line = line.trim_start();
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = line.chars().take_while(|c| *c == mark).count();
        (length >= 3).then(|| (mark, length, line[length..].trim().is_empty()))
    };
    let mut open: Option<(char, usize, usize)> = None;
    let mut closed = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match (fence(line), open) {
            (Some((mark, length, _)), None) => open = Some((mark, length, at)),
            (Some((mark, length, true)), Some((of, least, from))) if mark == of && length >= least => {
                closed.push((from, at));
                open = None;
            }
            _ => {}
        }
    }
    for (from, to) in closed {
        lines[from..=to].fill("");
    }
    lines
}

/// Takes hidden comments out, and gives them apart. One that is never closed is none.
fn without_comments(text: &str) -> (String, Vec<String>) {
    let (mut visible, mut comments, mut rest) = (String::with_capacity(text.len()), Vec::new(), text);
    while let Some(start) = rest.find("<!--") {
        let inside = &rest[start + 4..];
        let Some(length) = inside.find("-->") else { break };
        visible.push_str(&rest[..start]);
        if !rest[..start].ends_with('`') {
            comments.push(inside[..length].trim().to_owned());
        }
        visible.extend(inside[..length].chars().filter(|c| *c == '\n'));
        rest = &inside[length + 3..];
    }
    visible.push_str(rest);
    (visible, comments)
}

/// Takes elements out: dependency bots quote release notes in `<blockquote>`, and `<pre>` is code.
fn without_elements<'a>(text: &'a str, tag: &str) -> Cow<'a, str> {
    let lower = text.to_ascii_lowercase();
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let (mut kept, mut at) = (String::new(), 0);
    while let Some(start) = lower[at..].find(&open).map(|i| at + i) {
        let Some(end) = lower[start..].find(&close).map(|i| start + i) else { break };
        kept.push_str(&text[at..start]);
        kept.extend(text[start..end].chars().filter(|c| *c == '\n'));
        at = end + close.len();
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[at..]);
    Cow::Owned(kept)
}

/// Empties lines behind `>`, and indented lines that a sentence introduces ("the footer looks like this:") or that a
/// revert repeats.
fn without_quoted_lines(mut lines: Vec<String>) -> Vec<String> {
    let squashed = lines.iter().any(|l| l.starts_with("Squashed commit of the following"));
    let reverts = !squashed && lines.iter().any(|l| l.starts_with("This reverts commit"));
    let mut introduced = false;
    for line in &mut lines {
        let words = line.trim_start();
        if words.is_empty() {
            continue;
        }
        let indented = line.len() - words.len() >= 2 || line.starts_with('\t');
        let bullet = is_bullet(words);
        if words.starts_with('>') || (indented && !bullet && !squashed && (introduced || reverts)) {
            line.clear();
        } else if bullet || !indented {
            introduced = !bullet && words.trim_end().ends_with(':');
        }
    }
    lines
}

/// Whether the line is an item of a list.
pub(in crate::audit) fn is_bullet(words: &str) -> bool {
    let mut chars = words.chars();
    matches!(chars.next(), Some('*' | '-' | '+' | '•')) && chars.next().is_none_or(|c| c == ' ')
}

/// What is shown of a line: no control characters, at most `max` characters.
pub(in crate::audit) fn clip(text: &str, max: usize) -> String {
    let clean = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = clean.clone().take(max).collect();
    if clean.count() > max {
        shown.push('…');
    }
    shown
}
