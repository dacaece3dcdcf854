//! Handles: what a caller holds of a graph, a route and the like.
//!
//! ```text
//! handle --> slot: | kind 32 | live 1 | users 31 |  value |      one kind of value, in one place, for ever
//!                                 |                              freed: the value goes, the slot rests on its shelf
//!                        a call counts as a user while it runs
//! ```
//! A slot is never given back to the allocator, and takes values of its own kind only. So a handle that was freed still
//! leads to a slot, whose state says so: freeing twice and using what was freed are errors, not faults. What is freed
//! while calls use it stays, and the caller is told. A slot rests until [`RESTING_MIN`] others have been freed after it;
//! only then may a stale handle come to mean another value of its kind.
//!
//! Not detected: pointers that never were handles.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crossbeam::queue::SegQueue;

use crate::failure::Failure;

/// What lies behind handles of one type.
pub(crate) trait Kind: Send + Sync + Sized + 'static {
    /// The type in the header.
    type Opaque;
    /// A number of its own.
    const NUMBER: u32;
    /// Its name for messages.
    const NAME: &'static str;
    /// Where its slots rest.
    fn shelf() -> &'static Shelf<Self>;
}

/// Gives a type its handles.
macro_rules! kind {
    ($value:ty, $opaque:ty, $number:literal, $name:literal) => {
        impl $crate::handle::Kind for $value {
            type Opaque = $opaque;
            const NUMBER: u32 = 0xf01c_0000 | $number;
            const NAME: &'static str = $name;
            fn shelf() -> &'static $crate::handle::Shelf<Self> {
                static SHELF: $crate::handle::Shelf<$value> = $crate::handle::Shelf::new();
                &SHELF
            }
        }
    };
}
pub(crate) use kind;

/// A place for a value.
#[repr(C, align(64))]
pub(crate) struct Slot<T> {
    /// The kind, whether there is a value, and how many calls use it. First in every kind, so that a handle of another
    /// kind is told by it.
    state: AtomicU64,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: `value` is written by the one that has taken a slot off its shelf, before the slot is live, and taken by the
// one that has ended that state; in between it is shared only, which `T: Sync` allows. `T: Send` lets another thread
// free it.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

/// Slots whose value was freed, the one that has rested longest first.
pub(crate) struct Shelf<T: 'static>(SegQueue<&'static Slot<T>>);

impl<T> Shelf<T> {
    pub(crate) const fn new() -> Self {
        Shelf(SegQueue::new())
    }
}

/// A value in use: it cannot be freed until this is dropped.
pub(crate) struct Held<T: 'static>(&'static Slot<T>);

impl<T> Deref for Held<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot was live when this was made and counted, and nobody ends that state while there is a user;
        // a live slot is not written to.
        unsafe { &*self.0.value.get() }.as_ref().expect("a live slot has a value")
    }
}

impl<T> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.state.fetch_sub(1, Release);
    }
}

/// Makes a handle of a value.
pub(crate) fn hand_out<T: Kind>(value: T) -> *mut T::Opaque {
    let slot = rested::<T>().unwrap_or_else(|| {
        let state = AtomicU64::new(u64::from(T::NUMBER) << 32);
        Box::leak(Box::new(Slot { state, value: UnsafeCell::new(None) }))
    });
    // SAFETY: the slot is new, or was taken off the shelf by this call alone. It is not live, so no `Held` of it reads.
    unsafe { *slot.value.get() = Some(value) };
    // A stale handle may count itself for a moment, which this keeps.
    slot.state.fetch_or(LIVE, Release);
    ptr::from_ref(slot).cast_mut().cast()
}

fn rested<T: Kind>() -> Option<&'static Slot<T>> {
    let shelf = &T::shelf().0;
    if shelf.len() > RESTING_MIN { shelf.pop() } else { None }
}

/// Takes hold of a handle's value.
///
/// # Safety
/// By the rules of the header, `handle` is null or a handle of this library, freed or not.
#[inline]
pub(crate) unsafe fn hold<T: Kind>(handle: *const T::Opaque) -> Result<Held<T>, Failure> {
    // SAFETY: the same promise.
    let slot = unsafe { slot::<T>(handle) }?;
    let before = slot.state.fetch_add(1, Acquire);
    let held = Held(slot);
    if before & LIVE == 0 { Err(Failure::Handle { what: T::NAME }) } else { Ok(held) }
}

/// As [`hold`], where null says that there is none.
///
/// # Safety
/// As [`hold`].
pub(crate) unsafe fn hold_optional<T: Kind>(handle: *const T::Opaque) -> Result<Option<Held<T>>, Failure> {
    if handle.is_null() {
        return Ok(None);
    }
    // SAFETY: the same promise.
    unsafe { hold(handle) }.map(Some)
}

/// Frees a handle's value. Null is fine.
///
/// # Safety
/// As [`hold`].
pub(crate) unsafe fn free<T: Kind>(handle: *mut T::Opaque) -> Result<(), Failure> {
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: the same promise.
    let slot = unsafe { slot::<T>(handle) }?;
    let idle = u64::from(T::NUMBER) << 32;
    if let Err(state) = slot.state.compare_exchange(idle | LIVE, idle, Acquire, Relaxed) {
        let is_live = state & LIVE != 0;
        return Err(if is_live {
            Failure::Busy { what: T::NAME }
        } else {
            Failure::Handle { what: T::NAME }
        });
    }
    // SAFETY: this call alone has ended the live state, and there was no user; a later one finds the slot not live.
    let value = unsafe { (*slot.value.get()).take() };
    T::shelf().0.push(slot);
    drop(value);
    Ok(())
}

/// Finds the slot of a handle.
///
/// # Safety
/// As [`hold`].
#[inline]
unsafe fn slot<T: Kind>(handle: *const T::Opaque) -> Result<&'static Slot<T>, Failure> {
    if handle.is_null() {
        return Err(Failure::Null { what: T::NAME });
    }
    if !handle.cast::<Slot<T>>().is_aligned() {
        return Err(Failure::Handle { what: T::NAME });
    }
    // SAFETY: aligned and not null; every handle leads to a slot, whatever its kind, which begins with its state and is
    // never given back.
    let state = unsafe { &*handle.cast::<AtomicU64>() };
    if state.load(Relaxed) >> 32 != u64::from(T::NUMBER) {
        return Err(Failure::Handle { what: T::NAME });
    }
    // SAFETY: the number is this kind's, and a slot keeps its kind.
    Ok(unsafe { &*handle.cast::<Slot<T>>() })
}

const LIVE: u64 = 1 << 31;
/// Handles of one kind that are freed before the place of an earlier one is used again.
const RESTING_MIN: usize = 1024;
