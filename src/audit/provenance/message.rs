//! One message (of a commit, or the body of a pull request) read line by line.

use super::Confidence;
use super::found::Found;
use super::prompt::{Claim, Claims};
use super::table::COMMENTS;
use super::{checkbox, footer, trailer};
use crate::audit::text::Text;

/// What a message shows.
pub(super) struct Message {
    /// Marks, in the order of the lines.
    pub found: Vec<Found>,
    /// Tools that declarations put in brackets.
    pub tools_used: Vec<String>,
    /// Claims about prompts.
    pub claims: Vec<Claim>,
    /// Trailers that are not as they should be.
    pub problems: Vec<String>,
}

/// Reads a message.
pub(super) fn read(message: &str) -> Message {
    let text = Text::of(message);
    let (mut found, mut tools_used, mut problems) = (comments(&text), Vec::new(), Vec::new());
    let (mut claims, mut question) = (Claims::default(), "");
    for (at, line) in text.lines() {
        if let Some(ticked) = checkbox::read(&text, at, question) {
            found.extend(ticked);
            continue;
        }
        if checkbox::asks(line) {
            question = line;
        } else if !line.starts_with(' ') {
            question = "";
        }
        if let Some(trailer) = trailer::of_line(&text, at) {
            if claims.take(&trailer) {
                continue;
            }
            if let Some(shown) = trailer::read(&trailer, line) {
                found.extend(shown.found);
                tools_used.extend(shown.tools_used);
                problems.extend(shown.problem);
                continue;
            }
        }
        found.extend(footer::read(&text, at));
    }
    problems.append(&mut claims.problems);
    Message { found, tools_used, claims: claims.all(), problems }
}

fn comments(text: &Text) -> Vec<Found> {
    let mut found = Vec::new();
    for comment in &text.comments {
        let lower = comment.to_lowercase();
        if let Some((_, tool, opened)) = COMMENTS.iter().find(|(words, ..)| *words == lower) {
            let confidence = if *opened { Confidence::High } else { Confidence::Low };
            found.push(Found::tool(tool, None, confidence, "hidden comment", &format!("<!-- {comment} -->")));
        }
    }
    found
}
