mod calls;
mod fake;
mod faults;
mod schema;
mod talk;
mod walking;

use super::{Asked, Memory, Progress, Read, Store, read_with};
use crate::github::Repository;
use anyhow::Result;
use fake::{Fake, at};

fn repository() -> Repository {
    Repository::new("acme/shop").expect("a name")
}

/// Everything from the start of the world.
fn asked() -> Asked {
    Asked { since: at(0), branches: Vec::new(), check_name: "rowproof report".to_owned() }
}

fn read(fake: &Fake, asked: &Asked, store: &mut dyn Store) -> Result<Read> {
    read_with(&|text, variables| fake.answer(text, variables), &repository(), asked, store, &|_: Progress| {})
}

/// All of the world, as a run without a past reads it.
fn whole(fake: &Fake) -> Read {
    read(fake, &asked(), &mut Memory::default()).expect("a history")
}

/// The history as bytes.
fn bytes(read: &Read) -> String {
    serde_json::to_string(&read.history).expect("JSON")
}
