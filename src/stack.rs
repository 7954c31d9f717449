//! Threads that are deep enough for whatever nests: SQL, Jinja, YAML.

use std::panic::resume_unwind;

/// Stack of a thread on which texts are read. Virtual memory: only touched pages cost.
pub const STACK: usize = 512 << 20;

/// Runs `work` on a thread with [`STACK`], and the tasks of the shared pool likewise; on the caller's own where the
/// system gives no such thread (readers of SQL then take a deeper stack for each text, which is slower).
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // An error means that the pool runs already, with the stack that its threads have.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global();
    let mut work = Some(work);
    let run = || work.take().map(|work| work());
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).ok()?;
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    match (done, work) {
        (Some(done), _) => done,
        (None, Some(work)) => work(),
        (None, None) => unreachable!("work that was taken was done"),
    }
}
