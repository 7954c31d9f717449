//! Lines within a number of bytes; what does not fit is counted.

use crate::output::overview::plural;

/// Bytes of a line that counts what is left out.
pub(in crate::output) const COUNT: usize = 500;

/// The lines that fit into `room` bytes, and how many do not.
pub(in crate::output) struct Fitting {
    /// The lines that fit.
    pub text: String,
    /// How many do not.
    pub left: usize,
}

/// As many of the lines, in their order, as `room` bytes take. Lines are made only as long as there is room.
pub(in crate::output) fn fit(lines: impl ExactSizeIterator<Item = String>, room: usize) -> Fitting {
    let total = lines.len();
    let mut text = String::new();
    for (shown, line) in lines.enumerate() {
        if text.len() + line.len() > room {
            return Fitting { text, left: total - shown };
        }
        text.push_str(&line);
    }
    Fitting { text, left: 0 }
}

/// The list items that fit, and a last one that counts the others.
pub(in crate::output) fn list(
    lines: impl ExactSizeIterator<Item = String>,
    room: usize,
    word: &str,
    whole: &str,
) -> String {
    let Fitting { mut text, left } = fit(lines, room);
    if left > 0 {
        text.push_str(&format!("- {} {whole}\n", plural(left, &format!("more {word}"))));
    }
    text
}

/// The rows of a table that fit, and a line after it that counts the others.
pub(in crate::output) fn rows(
    header: &str,
    lines: impl ExactSizeIterator<Item = String>,
    room: usize,
    word: &str,
    whole: &str,
) -> String {
    let Fitting { text, left } = fit(lines, room.saturating_sub(header.len()));
    let more = match left {
        0 => String::new(),
        left => format!("\n{} {whole}.\n", plural(left, &format!("more {word}"))),
    };
    match text.as_str() {
        "" => more,
        rows => format!("\n{header}{rows}{more}"),
    }
}
