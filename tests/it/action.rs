//! The GitHub Action, run as GitHub runs a composite action: step after step of `action.yml`, by bash.

mod agreement;
mod harness;
mod hostile;
mod install;
mod judge;
mod publish;
mod real;
