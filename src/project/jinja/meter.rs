//! What one rendering may take besides steps: time, and memory for what it keeps. One step can be long (a regex over a
//! large text) or keep much (a text appended to a list), so both are counted where they happen.

use super::fault::Fault;
use super::values::MAX_ITEMS;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Wall time of one rendering.
const TIME: Duration = Duration::from_secs(5);
/// Bytes of long texts and of what is put into lists and dicts, in one rendering.
const KEPT: usize = 512 << 20;
/// Texts up to this length are not counted when a variable takes them.
const SHORT: usize = 4 << 10;
/// What an item of a list takes.
const ITEM: usize = 32;

#[derive(Clone, Copy)]
struct Meter {
    end: Instant,
    kept: usize,
}

thread_local! {
    /// A rendering stays on its thread.
    static METER: Cell<Option<Meter>> = const { Cell::new(None) };
}

/// A rendering under way; one that starts within another has what is left of that one's.
pub(crate) struct Running {
    outermost: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.outermost {
            METER.set(None);
        }
    }
}

/// Starts the clock.
pub(crate) fn start() -> Running {
    let outermost = METER.get().is_none();
    if outermost {
        METER.set(Some(Meter { end: Instant::now() + TIME, kept: 0 }));
    }
    Running { outermost }
}

/// Refuses to go on when the time is over.
pub(crate) fn on_time() -> Result<(), Error> {
    match METER.get() {
        Some(meter) if Instant::now() > meter.end => {
            Err(Fault::limit(format!("the template runs longer than {} s", TIME.as_secs())).into())
        }
        _ => Ok(()),
    }
}

/// Time that the rendering waited for an answer is not its own.
pub(crate) fn waited(time: Duration) {
    if let Some(meter) = METER.get() {
        METER.set(Some(Meter { end: meter.end + time, ..meter }));
    }
}

/// Counts what a list or dict takes in.
pub(crate) fn takes(value: &Value) -> Result<(), Error> {
    keeps(ITEM + value.as_str().map_or(0, str::len))
}

/// Counts and checks what a variable is set to.
pub(crate) fn set(value: &Value) -> Result<(), Error> {
    on_time()?;
    match value.as_str() {
        Some(text) if text.len() > SHORT => keeps(text.len()),
        Some(_) => Ok(()),
        None => whole(value),
    }
}

/// Counts bytes that stay until the rendering ends.
pub(crate) fn keeps(bytes: usize) -> Result<(), Error> {
    let Some(meter) = METER.get() else { return Ok(()) };
    let kept = meter.kept.saturating_add(bytes);
    METER.set(Some(Meter { kept, ..meter }));
    if kept > KEPT {
        return Err(Fault::limit(format!("the template keeps more than {} MiB", KEPT >> 20)).into());
    }
    Ok(())
}

/// Refuses a container with more than [`MAX_ITEMS`] values when it is written out: `[l, l]` of `[l, l]` of ... doubles
/// with each step, and whatever prints or compares it walks all of it.
pub(crate) fn whole(value: &Value) -> Result<(), Error> {
    if value.as_object().is_none() {
        return Ok(());
    }
    let mut open = vec![value.clone()];
    let mut items = 0usize;
    while let Some(value) = open.pop() {
        items += 1;
        if items > MAX_ITEMS {
            return Err(Fault::limit("a list or dict of more than a million values, those within it included").into());
        }
        // The project's own nodes cannot grow, and to walk one is to ask for all of it.
        if super::graph::is_part(&value) {
            continue;
        }
        match value.kind() {
            ValueKind::Seq => open.extend(value.try_iter()?.filter(nests)),
            ValueKind::Map => {
                let values: Vec<Value> = value.try_iter()?.filter_map(|key| value.get_item(&key).ok()).collect();
                open.extend(values.into_iter().filter(nests));
            }
            _ => {}
        }
        items += value.len().unwrap_or(0);
    }
    Ok(())
}

fn nests(value: &Value) -> bool {
    value.as_object().is_some() && value.as_str().is_none()
}
