//! Keeps a mapped file that is shortened from ending the process.
//!
//! Touching a page of a mapping that its file no longer has, or that its disk cannot read, raises SIGBUS. Within
//! the mappings that are registered here a signal handler puts zeros in the place of the lost pages and marks
//! the mapping, so that the reader goes on and the error is reported afterwards. (libwayland protects the
//! buffers that clients share with a compositor in the same way.) Any other SIGBUS goes to the handler that was
//! there before.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::OnceLock;

/// A registered mapping; empty while `end` is zero.
struct Slot {
    taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    lost: AtomicBool,
}

/// More files than a split model has. A mapping that finds no free slot is not protected.
const SLOTS: usize = 1024;

static MAPPINGS: [Slot; SLOTS] = [const {
    Slot {
        taken: AtomicBool::new(false),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        lost: AtomicBool::new(false),
    }
}; SLOTS];

/// What the handler needs besides: it is set before the handler is installed.
static SETUP: OnceLock<Setup> = OnceLock::new();

struct Setup {
    page_size: usize,
    previous: libc::sigaction,
}

/// The registration of a mapping. It must be dropped before the mapping is unmapped.
pub(crate) struct Registration(Option<&'static Slot>);

impl Registration {
    /// Registers a mapping, from the start of a page on.
    pub fn new(mapping: &[u8]) -> Registration {
        SETUP.get_or_init(install);
        let free = MAPPINGS.iter().find(|slot| !slot.taken.swap(true, Ordering::AcqRel));
        if let Some(slot) = free {
            let start = mapping.as_ptr().addr();
            slot.lost.store(false, Ordering::Relaxed);
            slot.start.store(start, Ordering::Relaxed);
            slot.end.store(start + mapping.len(), Ordering::Release);
        }
        Registration(free)
    }

    /// Whether pages of the mapping were lost, and zeros read in their place.
    pub fn lost(&self) -> bool {
        self.0.is_some_and(|slot| slot.lost.load(Ordering::Acquire))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.end.store(0, Ordering::Release);
            slot.taken.store(false, Ordering::Release);
        }
    }
}

/// Installs the handler for the rest of the process's life.
fn install() -> Setup {
    // SAFETY: `sigaction` is a struct of numbers and addresses, for which zeros are valid; both calls get
    // pointers to live ones. `handle` calls only functions that may be called in a signal handler.
    unsafe {
        let mut previous: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut previous);
        let setup = Setup { page_size: rustix::param::page_size(), previous };
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = handle;
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
        setup
    }
}

/// Handles SIGBUS. It runs on the thread that touched the page, in the middle of anything.
extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // No mapping is registered before the setup is there; this only concerns a foreign SIGBUS until then.
    let Some(setup) = SETUP.get() else { return give_up(signal) };
    // SAFETY: the kernel passes valid information about the signal, which has an address for SIGBUS.
    let address = unsafe { (*info).si_addr() }.addr();
    let registered = MAPPINGS.iter().find_map(|slot| {
        let end = slot.end.load(Ordering::Acquire);
        (slot.start.load(Ordering::Relaxed) <= address && address < end).then_some((slot, end))
    });
    if let Some((slot, end)) = registered {
        slot.lost.store(true, Ordering::Release);
        let page = address / setup.page_size * setup.page_size;
        // SAFETY: the pages from `page` to `end` are a part of a registered mapping, which nobody but this
        // crate has and which is only read as bytes: zeros are valid. mmap is a plain system call.
        let zeros = unsafe {
            let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(page as *mut c_void, end - page, libc::PROT_READ, flags, -1, 0)
        };
        if zeros != libc::MAP_FAILED {
            return;
        }
    }
    let previous = setup.previous.sa_sigaction;
    if previous == libc::SIG_DFL || previous == libc::SIG_IGN {
        return give_up(signal);
    }
    // SAFETY: `previous` is the address of a handler, whose parameters its flags tell.
    unsafe {
        if setup.previous.sa_flags & libc::SA_SIGINFO != 0 {
            type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
            std::mem::transmute::<usize, Handler>(previous)(signal, info, context);
        } else {
            std::mem::transmute::<usize, extern "C" fn(c_int)>(previous)(signal);
        }
    }
}

/// Restores the default action: the access is repeated after the handler, and ends the process.
fn give_up(signal: c_int) {
    // SAFETY: sigaction may be called in a signal handler; zeros are the default action.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &default, std::ptr::null_mut());
    }
}
