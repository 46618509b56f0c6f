//! Numbered pieces of work over a few threads, while the calling thread watches and may stop them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often the calling thread looks up from waiting.
const POLL: Duration = Duration::from_millis(40);

/// As many threads as asked for, or as the machine has cores; at least one.
pub fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, 256)
}

/// Runs `work(piece, scratch)` for every piece below `pieces`, handed out in order; a single thread is the
/// calling one.
///
/// Of several failing pieces the first in order is reported, whatever the number of threads: pieces
/// before it have all been handed out and finish. `poll` is called on the calling thread; `Break`
/// stops the work after the pieces in hand, with `Error::Cancelled`.
pub fn run<S: Default>(
    pieces: usize,
    threads: usize,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
    work: &(dyn Fn(usize, &mut S) -> Result<()> + Sync),
) -> Result<()> {
    let threads = threads.min(pieces);
    if threads == 1 {
        return alone(pieces, poll, work);
    }
    let next = AtomicUsize::new(0);
    let cancelled = AtomicBool::new(false);
    let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let worker = || {
        let mut scratch = S::default();
        while !cancelled.load(Ordering::Relaxed) {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return;
            }
            if let Err(error) = work(piece, &mut scratch) {
                let mut first = failed.lock().unwrap();
                if first.as_ref().is_none_or(|(at, _)| piece < *at) {
                    *first = Some((piece, error));
                }
                // Nothing beyond the failure is started.
                next.store(pieces, Ordering::Relaxed);
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let (alive, ended) = mpsc::channel::<()>();
        for _ in 0..threads {
            let alive = alive.clone();
            scope.spawn(move || {
                let _alive = alive;
                worker();
            });
        }
        drop(alive);
        // Disconnected once the last worker has gone.
        while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(POLL) {
            if poll().is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
    });
    match failed.into_inner().unwrap() {
        Some((_, error)) => Err(error),
        None if cancelled.into_inner() => Err(Error::Cancelled),
        None => Ok(()),
    }
}

/// `run` without threads: looks up between pieces.
fn alone<S: Default>(
    pieces: usize,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
    work: &(dyn Fn(usize, &mut S) -> Result<()> + Sync),
) -> Result<()> {
    let mut scratch = S::default();
    let mut looked = Instant::now();
    for piece in 0..pieces {
        work(piece, &mut scratch)?;
        if looked.elapsed() >= POLL {
            looked = Instant::now();
            if poll().is_break() {
                return Err(Error::Cancelled);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(piece: usize) -> Error {
        Error::MissingTensor { path: "x".into(), name: piece.to_string() }
    }

    #[test]
    fn every_piece_is_done_once() {
        for threads in [1, 2, 7] {
            let done: Vec<_> = (0..100).map(|_| AtomicUsize::new(0)).collect();
            run(100, threads, &mut || ControlFlow::Continue(()), &|i, _: &mut ()| {
                done[i].fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
            assert!(done.iter().all(|n| n.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn the_first_failure_in_order_is_reported() {
        for threads in [1, 4] {
            let result = run(1000, threads, &mut || ControlFlow::Continue(()), &|i, _: &mut ()| {
                if i % 10 == 7 {
                    Err(fail(i))
                } else {
                    Ok(())
                }
            });
            assert!(matches!(result, Err(Error::MissingTensor { name, .. }) if name == "7"));
        }
    }

    #[test]
    fn a_break_stops_the_work() {
        for threads in [1, 2] {
            breaks(threads);
        }
    }

    fn breaks(threads: usize) {
        let done = AtomicUsize::new(0);
        let result = run(usize::MAX, threads, &mut || ControlFlow::Break(()), &|_, _: &mut ()| {
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        assert!(matches!(result, Err(Error::Cancelled)));
        assert!(done.into_inner() > 0);
    }
}
