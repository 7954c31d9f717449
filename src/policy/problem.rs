//! What is wrong with a policy, and where; all of it at once.

use std::fmt;

/// A place in a text: line and column from 1; 0 when it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub path: String,
    /// The place in it.
    pub mark: Mark,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if self.mark.line > 0 {
            write!(f, ":{}:{}", self.mark.line, self.mark.column.max(1))?;
        }
        write!(f, ": {}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a policy; never empty. The error of [`super::load`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// The problems in reading order, each once.
    pub fn sorted(mut problems: Vec<Problem>) -> Self {
        problems.sort();
        problems.dedup();
        Self(problems)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// ``did you mean `x`?``, or which names are known.
pub fn suggestion(wrong: &str, known: &[&str]) -> String {
    match crate::nearest::nearest(wrong, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None if known.is_empty() => String::new(),
        None => format!("known: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested_and_far_ones_are_listed() {
        assert_eq!(suggestion("lineage_dif", &["parse", "lineage_diff"]), "did you mean `lineage_diff`?");
        assert_eq!(suggestion("Parse", &["parse", "test"]), "did you mean `parse`?");
        assert_eq!(suggestion("elephant", &["parse", "test"]), "known: parse, test");
        assert_eq!(suggestion("x", &[]), "");
    }

    #[test]
    fn problems_show_their_place_and_what_to_do() {
        let problem = Problem {
            path: "rowproof.yml".into(),
            mark: Mark { line: 3, column: 5 },
            message: "unknown key `layer`".into(),
            help: "did you mean `layers`?".into(),
        };
        assert_eq!(problem.to_string(), "rowproof.yml:3:5: unknown key `layer`; did you mean `layers`?");
        let whole = Problem { mark: Mark::default(), help: String::new(), ..problem };
        assert_eq!(whole.to_string(), "rowproof.yml: unknown key `layer`");
    }
}
