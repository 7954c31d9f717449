//! Days on which a merge window stays shut.

use super::values::Day;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Days without merging: a calendar file, or the days themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holidays {
    /// An .ics file, from the folder of the policy file.
    Calendar(String),
    /// The days, each whole in the window's zone.
    Days(Vec<Day>),
}

impl<'de> Deserialize<'de> for Holidays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// By the form in which it is written, so that a wrong day is told as a wrong day.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Holidays;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of an .ics file, or a list of days")
    }

    fn visit_str<E>(self, path: &str) -> Result<Holidays, E> {
        Ok(Holidays::Calendar(path.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Holidays, A::Error> {
        let mut days = Vec::new();
        while let Some(day) = list.next_element::<Day>()? {
            days.push(day);
        }
        Ok(Holidays::Days(days))
    }
}

impl JsonSchema for Holidays {
    fn schema_name() -> Cow<'static, str> {
        "Holidays".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Days without merging: the path of a calendar file (.ics), or a list of days.",
            "oneOf": [{"type": "string"}, {"type": "array", "items": generator.subschema_for::<Day>()}],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_or_days() {
        let read = |text: &str| serde_yaml::from_str::<Holidays>(text).map_err(|e| e.to_string());
        assert_eq!(read("calendars/fr.ics"), Ok(Holidays::Calendar("calendars/fr.ics".into())));
        let days = read("[2026-12-25, \"2027-01-01\"]");
        assert!(matches!(days, Ok(Holidays::Days(days)) if days.len() == 2));
        assert!(read("[2026-02-30]").is_err_and(|e| e.contains("no date")));
        assert!(read("{a: b}").is_err_and(|e| e.contains("a list of days")));
    }
}
