//! Statements before a query that only give names to it: functions, variables, settings.

use std::collections::BTreeSet;
use std::fmt::Write;

use sqlparser::ast::Statement;

/// What the statements before a query say.
#[derive(Debug, Default)]
pub(super) struct Prelude {
    /// Declared variables, lower-case: a name that is no column may be one.
    pub(super) variables: BTreeSet<String>,
    /// All of it as text: a query after another prelude is another query.
    pub(super) text: String,
}

impl Prelude {
    /// Takes a statement in; says no when it does more than give names. A temporary table is a relation with rows of its
    /// own, so a query after one is not the only query.
    pub(super) fn takes(&mut self, statement: &Statement) -> bool {
        match statement {
            Statement::Declare { stmts } => {
                let names = stmts.iter().flat_map(|one| &one.names);
                self.variables.extend(names.map(|name| name.value.to_lowercase()));
            }
            Statement::CreateFunction(_) | Statement::CreateMacro { .. } | Statement::Set(_) => {}
            _ => return false,
        }
        // Writing to a string does not fail.
        let _ = write!(self.text, "{statement}; ");
        true
    }

    /// Whether an unquoted name is that of a declared variable.
    pub(super) fn declares(&self, name: &str) -> bool {
        !self.variables.is_empty() && self.variables.contains(&name.to_lowercase())
    }
}
