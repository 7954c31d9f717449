//! Files that dbt wrote, read as a stream: they are large, and little of each is kept.

use anyhow::{Context, Result, anyhow, ensure};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::io::BufReader;
use std::marker::PhantomData;
use std::path::Path;

/// Largest file that is read.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Who wrote an artifact, and when.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Metadata {
    /// URL of the artifact's schema, which ends in its version.
    pub dbt_schema_version: Option<String>,
    /// Version of dbt.
    pub dbt_version: Option<String>,
    /// Name of the root project.
    pub project_name: Option<String>,
    /// Type of the adapter (`duckdb`).
    pub adapter_type: Option<String>,
    /// When it was written.
    pub generated_at: Option<String>,
    /// `run_started_at` of templates.
    pub run_started_at: Option<String>,
    /// When dbt started, in versions that do not tell the other.
    pub invocation_started_at: Option<String>,
}

impl Metadata {
    /// The version that the schema's URL ends in (`.../manifest/v12.json`), when it is a schema of `kind`.
    pub(crate) fn version(&self, kind: &str) -> Option<u32> {
        let (_, file) = self.dbt_schema_version.as_deref()?.rsplit_once(&format!("/{kind}/v"))?;
        file.strip_suffix(".json")?.parse().ok()
    }
}

/// Reads the file. What does not fit is an error that names the place within the JSON.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, what: &str, written_by: &str) -> Result<T> {
    let shown = path.display();
    let missing = || format!("{what} {shown} cannot be read; write one with `{written_by}`");
    let file = std::fs::File::open(path).with_context(missing)?;
    let meta = file.metadata().with_context(missing)?;
    ensure!(meta.is_file(), "{what} {shown} is no file");
    ensure!(meta.len() <= MAX_BYTES, "{what} {shown} has {} bytes; at most {MAX_BYTES} are read", meta.len());
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, file));
    let read = serde_path_to_error::deserialize(&mut json);
    let read = read.map_err(|e| anyhow!("{shown} is no {what} that can be read: at `{}`: {}", e.path(), e.inner()))?;
    json.end().with_context(|| format!("{shown} is no {what} that can be read"))?;
    Ok(read)
}

/// A map of which only the entries that `keep` wants stay in memory.
pub(crate) fn entries<'de, D, T>(deserializer: D, keep: fn(&T) -> bool) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Entries<T>(fn(&T) -> bool, PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut out = BTreeMap::new();
            while let Some(key) = map.next_key::<String>()? {
                let value = map.next_value::<T>()?;
                if (self.0)(&value) {
                    out.insert(key, value);
                }
            }
            Ok(out)
        }
    }
    deserializer.deserialize_map(Entries(keep, PhantomData))
}

/// The texts, numbers and truths of a mapping; lists and mappings in it are skipped.
#[derive(Debug, Clone, Default)]
pub struct Scalars(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Scalars;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalars, A::Error> {
                let mut out = Map::new();
                while let Some(key) = map.next_key::<String>()? {
                    let Scalar(value) = map.next_value()?;
                    if let Some(value) = value {
                        out.insert(key, value);
                    }
                }
                Ok(Scalars(out))
            }
        }
        deserializer.deserialize_map(Seen)
    }
}

struct Scalar(Option<Value>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, v: bool) -> Result<Scalar, E> {
                Ok(Scalar(Some(v.into())))
            }

            fn visit_i64<E>(self, v: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(v.into())))
            }

            fn visit_u64<E>(self, v: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(v.into())))
            }

            fn visit_f64<E>(self, v: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(v.into())))
            }

            fn visit_str<E>(self, v: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(v.into())))
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
