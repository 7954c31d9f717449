//! What SQL texts say, kept for the length of a run: the two sides of a change are mostly the same texts.

use crate::sql::{self, Analysis, Catalog, Dialect, SqlError, TableInfo};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// What one text says, and what it was told of the relations that it names.
pub(super) struct Read {
    /// What it says.
    pub(super) analysis: Result<Analysis, SqlError>,
    told: BTreeMap<Vec<String>, Option<TableInfo>>,
}

/// Analyses by dialect and hash of the text. One holds for another side where that side would tell it the same of
/// every relation that it asked for.
#[derive(Default)]
pub struct Analyses(Mutex<Known>);

/// A text that was told different things was read more than once.
type Known = HashMap<(Dialect, [u8; 32]), Vec<Arc<Read>>>;

impl Analyses {
    /// What the text says, from memory where that holds.
    pub(super) fn read(&self, text: &str, dialect: Dialect, catalog: &dyn Catalog) -> Arc<Read> {
        let key = (dialect, Sha256::digest(text.as_bytes()).into());
        let known = self.lock().get(&key).cloned().unwrap_or_default();
        let holds = |read: &Arc<Read>| read.told.iter().all(|(parts, told)| catalog.relation(parts) == *told);
        if let Some(read) = known.into_iter().find(holds) {
            return read;
        }
        let listening = Listening { catalog, told: RefCell::default() };
        let analysis = sql::analyze(text, dialect, &listening);
        let read = Arc::new(Read { analysis, told: listening.told.into_inner() });
        self.lock().entry(key).or_default().push(Arc::clone(&read));
        read
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Entries are whole or not there: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A catalog that remembers what it told.
struct Listening<'a> {
    catalog: &'a dyn Catalog,
    told: RefCell<BTreeMap<Vec<String>, Option<TableInfo>>>,
}

impl Catalog for Listening<'_> {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        let told = self.catalog.relation(parts);
        self.told.borrow_mut().insert(parts.to_vec(), told.clone());
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Has(&'static [&'static str]);

    impl Catalog for Has {
        fn relation(&self, _: &[String]) -> Option<TableInfo> {
            let columns = Some(self.0.iter().map(|c| (*c).to_owned()).collect());
            Some(TableInfo { id: "t".to_owned(), columns })
        }
    }

    #[test]
    fn a_text_is_read_again_only_where_it_would_be_told_something_else() {
        let analyses = Analyses::default();
        let read = |columns| analyses.read("select * from t", Dialect::DuckDb, &Has(columns));
        let (first, again, other) = (read(&["a"]), read(&["a"]), read(&["a", "b"]));
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &other));
        let names = |read: &Read| read.analysis.as_ref().map_or(0, |a| a.outputs.len());
        assert_eq!((names(&first), names(&other)), (1, 2));
        assert!(Arc::ptr_eq(&read(&["a", "b"]), &other));
        let snowflake = analyses.read("select * from t", Dialect::Snowflake, &Has(&["a"]));
        assert!(!Arc::ptr_eq(&first, &snowflake));
    }
}
