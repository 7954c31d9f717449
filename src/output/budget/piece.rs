//! What a face shows, before it is text: sections of lines and tables whose words are not escaped yet.

/// Part of a line. Each face makes it harmless for its own target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words of ours without any sign that a face could read.
    Own(&'static str),
    /// Words, ours or those of others.
    Text(String),
    /// A sentence, in which names may stand between backticks.
    Prose(String),
    /// A name: shown in the type of code where there is one.
    Name(String),
    /// A commit of the repository.
    Commit(String),
    /// Pull requests of the repository.
    Pulls(Vec<u64>),
    /// A new line within a cell.
    Break,
    /// A comma, or a new line where there is little room.
    Soft,
}

/// A line, an item of a list, or a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(pub Vec<Piece>);

impl Line {
    /// Words alone.
    pub fn of(text: impl Into<String>) -> Self {
        Self::default().text(text)
    }

    /// Words of ours alone.
    pub fn own(text: &'static str) -> Self {
        Self::default().with(Piece::Own(text))
    }

    /// Nothing but one pull request.
    pub fn pull(number: u64) -> Self {
        Self::default().pulls(&[number])
    }

    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Piece::Text(text.into()))
    }

    pub fn prose(self, text: impl Into<String>) -> Self {
        self.with(Piece::Prose(text.into()))
    }

    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(Piece::Name(name.into()))
    }

    pub fn commit(self, sha: impl Into<String>) -> Self {
        self.with(Piece::Commit(sha.into()))
    }

    pub fn pulls(self, numbers: &[u64]) -> Self {
        self.with(Piece::Pulls(numbers.to_vec()))
    }

    pub fn soft(self) -> Self {
        self.with(Piece::Soft)
    }

    pub fn line(self) -> Self {
        self.with(Piece::Break)
    }

    /// Names with commas between them.
    pub fn names<S: AsRef<str>>(self, names: &[S]) -> Self {
        names.iter().enumerate().fold(self, |line, (i, name)| {
            let line = if i == 0 { line } else { line.text(", ") };
            line.name(name.as_ref())
        })
    }

    fn with(mut self, piece: Piece) -> Self {
        self.0.push(piece);
        self
    }
}

/// A table. The first cell of a row says what the row is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grid {
    /// Titles of the columns.
    pub header: Vec<&'static str>,
    /// As many cells as the header has.
    pub rows: Vec<Vec<Line>>,
    /// Columns whose cells are numbers.
    pub numbers: Vec<usize>,
}

/// What stands under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Items.
    Lines(Vec<Line>),
    /// A table.
    Grid(Grid),
    /// What a table does not say of itself.
    Note(String),
}

/// A heading and what stands under it; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// Heading.
    pub title: &'static str,
    /// Whether to show it at once; else it is there to unfold, where a face can fold.
    pub open: bool,
    /// In order.
    pub parts: Vec<Part>,
}

impl Section {
    /// A section of parts, without those that hold nothing; `None` when none is left.
    pub fn of(title: &'static str, open: bool, parts: Vec<Part>) -> Option<Self> {
        let told = |part: &Part| match part {
            Part::Lines(lines) => !lines.is_empty(),
            Part::Grid(grid) => !grid.rows.is_empty(),
            Part::Note(_) => true,
        };
        let parts: Vec<Part> = parts.into_iter().filter(told).collect();
        let only_notes = parts.iter().all(|part| matches!(part, Part::Note(_)));
        (!only_notes).then_some(Self { title, open, parts })
    }
}
