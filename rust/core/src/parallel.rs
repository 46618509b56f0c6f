//! Numbered pieces of work, distributed over a few threads, while the calling thread reports progress and may
//! stop them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often the calling thread polls: a fifth of the 200 ms within which Ctrl-C takes effect.
const POLL: Duration = Duration::from_millis(40);

/// More threads than this are not started, whatever the caller asks for. Each holds some megabytes of buffers,
/// and memory bandwidth is the limit long before.
const MAX_THREADS: usize = 256;

/// The number of threads to use: as many as asked for, or one on each core.
pub fn thread_count(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or_else(cores).clamp(1, MAX_THREADS)
}

/// Runs `work(piece, scratch)` for every piece in `0..pieces`. Threads take the pieces in order; each has a
/// scratch of its own. With one thread the work runs on the calling thread.
///
/// `poll` is called on the calling thread every 40 ms or so.
///
/// # Errors
/// Of several pieces that fail, the error of the first in order, whatever the number of threads: all pieces
/// before it have been started, and are finished. [`Error::Cancelled`] when `poll` returns `Break`; no piece
/// is started after that.
pub fn run<S: Default>(
    pieces: usize,
    threads: usize,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
    work: &(dyn Fn(usize, &mut S) -> Result<()> + Sync),
) -> Result<()> {
    let threads = threads.min(pieces);
    if threads == 1 {
        return run_single_threaded(pieces, poll, work);
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
                if first.as_ref().is_none_or(|(first, _)| piece < *first) {
                    *first = Some((piece, error));
                }
                // No thread starts a piece after the one that failed.
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
                let _alive = alive; // dropped when the worker ends
                worker();
            });
        }
        drop(alive);
        // The channel is disconnected once the last worker has ended.
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

/// Single-threaded [`run`]; polls between pieces.
fn run_single_threaded<S: Default>(
    pieces: usize,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
    work: &(dyn Fn(usize, &mut S) -> Result<()> + Sync),
) -> Result<()> {
    let mut scratch = S::default();
    let mut last_poll = Instant::now();
    for piece in 0..pieces {
        work(piece, &mut scratch)?;
        if last_poll.elapsed() >= POLL {
            last_poll = Instant::now();
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
