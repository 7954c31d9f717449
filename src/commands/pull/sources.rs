//! Lines of code for a comment: from the clone here, else from GitHub, where nothing was checked out.

use super::super::faces;
use super::Site;
use crate::github::contents;
use crate::output::place;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Most files that are asked of GitHub for one comment: the worst findings come first, and the rest have their place.
const MAX_ASKED: usize = 10;
/// Largest file of which lines are shown, in bytes.
const MAX_FILE: usize = 1024 * 1024;

/// Files of the judged commit.
pub(in crate::commands) struct Sources<'a> {
    site: &'a Site,
    head: &'a str,
    local: Option<faces::Sources>,
    asked: RefCell<BTreeMap<String, Option<String>>>,
}

impl<'a> Sources<'a> {
    /// Those of `head`; what it no longer has is looked for in `base`, where the clone holds both.
    pub fn new(site: &'a Site, head: &'a str, base: &str) -> Self {
        Self { site, head, local: faces::of_commits(head, base), asked: RefCell::default() }
    }

    /// The text of a file; `None` shows no excerpt.
    pub fn text(&self, path: &str) -> Option<String> {
        if let Some(local) = &self.local {
            return local.text(path);
        }
        // The path is a report's word.
        if !place::inside(path) {
            return None;
        }
        let mut asked = self.asked.borrow_mut();
        if let Some(known) = asked.get(path) {
            return known.clone();
        }
        if asked.len() >= MAX_ASKED {
            return None;
        }
        // An excerpt is a convenience: without it the comment still names file and line.
        let found = contents::file(&self.site.client, &self.site.repository, path, self.head).ok().flatten();
        let text = found.filter(|bytes| bytes.len() <= MAX_FILE).and_then(|bytes| String::from_utf8(bytes).ok());
        asked.insert(path.to_owned(), text.clone());
        text
    }
}
