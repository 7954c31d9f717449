//! Values with a form of their own: percentages, durations, hours of the day.

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A value written as a text in a form of its own.
macro_rules! written {
    ($name:ident, $pattern:literal, $description:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Written($description))?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "description": $description})
            }
        }
    };
}

/// Takes a number for the text that it was written as, so that `5` for `5%` is told in the words of percentages.
struct Written(&'static str);

impl Visitor<'_> for Written {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end_matches('.'))
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

/// A percentage from 0 to 100, written `2%` or `0.5%`.
#[derive(Debug, Clone, PartialEq)]
pub struct Percent {
    /// The number before the sign.
    pub value: f64,
    /// As written.
    pub text: String,
}

written!(Percent, r"^[0-9]+(\.[0-9]+)?%$", "A percentage, such as 2% or 0.5%.");

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no percentage; write it like `5%` or `0.5%`");
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        if !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(wrong());
        }
        let value: f64 = number.parse().map_err(|_| wrong())?;
        if value > 100.0 {
            return Err(format!("`{text}` is more than 100%"));
        }
        Ok(Self { value, text: text.to_owned() })
    }
}

/// A length of time in whole minutes, hours, days or weeks, written `30m`, `4h`, `30d`, `2w`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Length {
    /// Minutes.
    pub minutes: u64,
    /// As written.
    pub text: String,
}

written!(Length, r"^[1-9][0-9]*[mhdw]$", "A length of time, such as 30m, 4h, 30d or 2w.");

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time; write it like `30m`, `4h`, `30d` or `2w`");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let minutes = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 60 * 24,
            'w' => 60 * 24 * 7,
            _ => return Err(wrong()),
        };
        let number = &text[..text.len() - 1];
        if !number.chars().all(|c| c.is_ascii_digit()) {
            return Err(wrong());
        }
        let count: u64 = number.parse().map_err(|_| wrong())?;
        let minutes = count.checked_mul(minutes).filter(|m| *m > 0).ok_or_else(wrong)?;
        Ok(Self { minutes, text: text.to_owned() })
    }
}

/// Hours of a day, written `09:00-16:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// From: minutes after midnight.
    pub from: u16,
    /// Until, exclusive: minutes after midnight, later than `from`, at most 1,440 (`24:00`).
    pub until: u16,
    /// As written.
    pub text: String,
}

written!(
    Hours,
    r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$",
    "Hours of a day, such as 09:00-16:00; 24:00 is its end."
);

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` are no hours of a day; write them like `\"09:00-16:00\"`");
        let (from, until) = text.split_once('-').ok_or_else(wrong)?;
        let time = |part: &str| {
            let (hour, minute) = part.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
            let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit()).then(|| s.parse::<u16>().ok()).flatten();
            let (hour, minute) = (digits(hour)?, digits(minute)?);
            (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
        };
        let (from, until) = (time(from).ok_or_else(wrong)?, time(until).ok_or_else(wrong)?);
        if from >= until {
            return Err(format!("`{text}` ends before it starts; a window lies within one day"));
        }
        Ok(Self { from, until, text: text.to_owned() })
    }
}

/// A day, written `2027-03-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Date);

written!(Day, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A day, such as 2027-03-01.");

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no date; write it like `2027-03-01`");
        if text.len() != 10 {
            return Err(wrong());
        }
        text.parse().map(Self).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        assert_eq!("0.5%".parse::<Percent>().map(|p| p.value), Ok(0.5));
        assert_eq!("100%".parse::<Percent>().map(|p| p.value), Ok(100.0));
        for wrong in ["5", "five%", "-1%", "NaN%", "1e2%", "101%", "%", "", ".%", "5 %"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!("4h".parse::<Length>().map(|d| d.minutes), Ok(240));
        assert_eq!("2w".parse::<Length>().map(|d| d.minutes), Ok(20_160));
        for wrong in ["4", "h", "0h", "-4h", "4 h", "4hours", "99999999999999999999h", "999999999999999999w", "4é"] {
            assert!(wrong.parse::<Length>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hours_and_days() {
        assert!("09:00-16:00".parse::<Hours>().is_ok());
        assert_eq!("00:00-24:00".parse::<Hours>().map(|h| (h.from, h.until)), Ok((0, 1_440)));
        for wrong in [
            "9-16",
            "16:00-09:00",
            "09:00-24:30",
            "24:00-24:00",
            "+9:00-10:00",
            "09:60-10:00",
            "09:00",
            "é:00-16:00",
            "09:00-09:00",
        ] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
        assert!("2027-03-01".parse::<Day>().is_ok());
        for wrong in ["2027-02-30", "01/03/2027", "2027-3-1", "soon", "2027-03-01T00:00"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }
}
