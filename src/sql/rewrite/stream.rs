//! Tokens without the blanks, with their brackets paired, and a new list that is made of them.

use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace};

/// No partner.
const NONE: usize = usize::MAX;
/// Tokens of one type.
const LONGEST_TYPE: usize = 2_000;

pub(super) struct Stream {
    tokens: Vec<TokenWithSpan>,
    partners: Vec<usize>,
}

impl Stream {
    pub(super) fn new(tokens: &[TokenWithSpan]) -> Stream {
        let significant = |one: &&TokenWithSpan| match &one.token {
            // Hints are comments.
            Token::Whitespace(Whitespace::MultiLineComment(text)) => text.starts_with('+'),
            Token::Whitespace(_) | Token::EOF => false,
            _ => true,
        };
        Stream::of(tokens.iter().filter(significant).cloned().collect())
    }

    pub(super) fn of(tokens: Vec<TokenWithSpan>) -> Stream {
        let mut partners = vec![NONE; tokens.len()];
        let mut open = Vec::new();
        for (at, one) in tokens.iter().enumerate() {
            match one.token {
                Token::LParen | Token::LBracket | Token::LBrace => open.push(at),
                Token::RParen | Token::RBracket | Token::RBrace => {
                    if let Some(start) = open.pop() {
                        partners[start] = at;
                        partners[at] = start;
                    }
                }
                _ => {}
            }
        }
        Stream { tokens, partners }
    }

    /// The tokens with a blank wherever two do not touch in the text.
    pub(super) fn finish(self) -> Vec<TokenWithSpan> {
        let mut out = Vec::with_capacity(self.tokens.len() * 2);
        let mut end = None;
        for one in self.tokens {
            if end.is_some_and(|end| end != one.span.start) {
                out.push(TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: one.span });
            }
            end = Some(one.span.end);
            out.push(one);
        }
        out
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn token(&self, at: usize) -> &Token {
        self.tokens.get(at).map_or(&Token::EOF, |one| &one.token)
    }

    pub(super) fn before(&self, at: usize) -> &Token {
        at.checked_sub(1).map_or(&Token::EOF, |at| self.token(at))
    }

    pub(super) fn span(&self, at: usize) -> Span {
        self.tokens.get(at).or(self.tokens.last()).map_or_else(Span::empty, |one| one.span)
    }

    pub(super) fn range(&self, from: usize, to: usize) -> &[TokenWithSpan] {
        self.tokens.get(from..to).unwrap_or_default()
    }

    /// The bracket that closes the one at `at`.
    pub(super) fn closing(&self, at: usize) -> Option<usize> {
        self.partners.get(at).copied().filter(|&partner| partner != NONE && partner > at)
    }

    /// The bracket that opens the one at `at`.
    pub(super) fn opening(&self, at: usize) -> Option<usize> {
        self.partners.get(at).copied().filter(|&partner| partner < at)
    }

    /// Behind the angle bracket that closes the type parameters that begin at `at`.
    pub(super) fn closing_angle(&self, at: usize) -> Option<usize> {
        let mut depth = 0usize;
        // Bounded, as every `array<` of a hostile text would be followed to its end.
        for end in at..at.saturating_add(LONGEST_TYPE) {
            match self.token(end) {
                Token::Lt => depth += 1,
                Token::Gt => depth = depth.checked_sub(1)?,
                Token::ShiftRight => depth = depth.checked_sub(2)?,
                Token::Word(_) | Token::Number(..) | Token::Comma | Token::Colon => {}
                Token::LParen | Token::RParen => {}
                _ => return None,
            }
            if depth == 0 {
                return (end > at).then_some(end + 1);
            }
        }
        None
    }

    /// The unquoted word at `at` is `word` (upper-case).
    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        is(self.token(at), word)
    }

    pub(super) fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    pub(super) fn are(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(n, word)| self.is(at + n, word))
    }

    /// Whether something is read in there: it must never vanish into a name or a literal.
    pub(super) fn has_query(&self, from: usize, to: usize) -> bool {
        (from..to).any(|at| self.is_any(at, &["SELECT", "FROM", "TABLE"]))
    }

    /// The first place from `from` on, brackets passed over, where `ends` says so, or a bracket or the text ends.
    pub(super) fn until(&self, from: usize, mut ends: impl FnMut(usize) -> bool) -> usize {
        let mut at = from;
        while at < self.len() {
            match self.token(at) {
                Token::RParen | Token::RBracket | Token::RBrace | Token::SemiColon => break,
                _ if ends(at) => break,
                Token::LParen | Token::LBracket | Token::LBrace => match self.closing(at) {
                    Some(close) => at = close + 1,
                    None => at = self.len(),
                },
                _ => at += 1,
            }
        }
        at
    }

    /// The clause that an item of a FROM or select list ends at.
    pub(super) fn clause(&self, at: usize) -> bool {
        const CLAUSES: &[&str] = &[
            "FROM",
            "WHERE",
            "GROUP",
            "HAVING",
            "QUALIFY",
            "WINDOW",
            "ORDER",
            "LIMIT",
            "OFFSET",
            "FETCH",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "MINUS",
            "SELECT",
        ];
        self.is_any(at, CLAUSES) && !(self.is(at, "FROM") && is(self.before(at), "DISTINCT"))
    }

    /// A word that a relation in FROM ends at.
    pub(super) fn ends_relation(&self, at: usize) -> bool {
        const JOINS: &[&str] = &[
            "JOIN",
            "INNER",
            "LEFT",
            "RIGHT",
            "FULL",
            "CROSS",
            "NATURAL",
            "ASOF",
            "POSITIONAL",
            "SEMI",
            "ANTI",
            "LATERAL",
            "ON",
            "USING",
            "TABLESAMPLE",
            "PIVOT",
            "UNPIVOT",
        ];
        *self.token(at) == Token::Comma || self.clause(at) || self.is_any(at, JOINS)
    }
}

pub(super) fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(one) if one.quote_style.is_none() && one.value.eq_ignore_ascii_case(word))
}

/// A new token list, made while another is read.
#[derive(Default)]
pub(super) struct Out {
    tokens: Vec<TokenWithSpan>,
    changed: bool,
}

impl Out {
    pub(super) fn keep(&mut self, from: &Stream, at: usize) {
        self.tokens.extend_from_slice(from.range(at, at + 1));
    }

    pub(super) fn keep_all(&mut self, from: &Stream, start: usize, end: usize) {
        self.tokens.extend_from_slice(from.range(start, end));
    }

    /// Puts a token where something else stood.
    pub(super) fn put(&mut self, token: Token, span: Span) {
        self.changed = true;
        self.tokens.push(TokenWithSpan { token, span });
    }

    pub(super) fn word(&mut self, word: &str, span: Span) {
        self.put(Token::make_word(word, None), span);
    }

    /// Tokens were left out or moved.
    pub(super) fn touch(&mut self) {
        self.changed = true;
    }

    pub(super) fn done(self) -> Option<Stream> {
        self.changed.then(|| Stream::of(self.tokens))
    }
}

/// The text of tokens, one blank between them: for literals that stand for a clause.
pub(super) fn text_of(tokens: &[TokenWithSpan]) -> String {
    let words: Vec<String> = tokens
        .iter()
        .map(|one| match &one.token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
            other => other.to_string(),
        })
        .collect();
    words.join(" ")
}
