//! A read-only set of files: the tree of one side, wherever it comes from.

use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the bytes of a [`FileSet`] come from.
pub trait Blobs: Send + Sync {
    /// The bytes of the file at `path`; `id` is what [`FileSet`] was given for it.
    fn read(&self, path: &str, id: &str) -> Result<Vec<u8>>;
}

/// The files of one side: paths from the repository's root with `/`, each with an id of its content
/// (equal id = equal bytes).
#[derive(Clone)]
pub struct FileSet {
    files: Arc<BTreeMap<String, String>>,
    blobs: Arc<dyn Blobs>,
}

impl FileSet {
    /// A set over `files` (path to content id), whose bytes `blobs` delivers.
    pub fn new(files: BTreeMap<String, String>, blobs: Arc<dyn Blobs>) -> Self {
        Self { files: Arc::new(files), blobs }
    }

    /// A set held in memory, for tests and generated projects.
    pub fn in_memory<P: Into<String>, T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let contents: BTreeMap<String, Vec<u8>> = files.into_iter().map(|(p, t)| (p.into(), t.into())).collect();
        let ids = contents.iter().map(|(p, bytes)| (p.clone(), content_id(bytes))).collect();
        Self::new(ids, Arc::new(Memory(contents)))
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Paths under the folder `dir` (without a trailing slash; empty = all), sorted.
    pub fn under<'a>(&'a self, dir: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.paths().filter(move |p| dir.is_empty() || p.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether the file exists.
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The id of the file's content: equal id = equal bytes.
    pub fn id(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The bytes of a file, `None` when there is no such file.
    pub fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self.files.get(path) {
            Some(id) => self.blobs.read(path, id).map(Some),
            None => Ok(None),
        }
    }

    /// The text of a file, `None` when there is no such file. Bytes that are no UTF-8 are an error that names the file.
    pub fn text(&self, path: &str) -> Result<Option<String>> {
        self.bytes(path)?
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|e| {
                    anyhow::anyhow!(
                        "{path}: not UTF-8 at byte {}; save the file as UTF-8",
                        e.utf8_error().valid_up_to()
                    )
                })
            })
            .transpose()
    }
}

/// The content id used for files that git has no blob for.
pub fn content_id(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

struct Memory(BTreeMap<String, Vec<u8>>);

impl Blobs for Memory {
    fn read(&self, path: &str, _id: &str) -> Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| anyhow::anyhow!("{path}: no such file in this set"))
    }
}
