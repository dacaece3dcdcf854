//! Crossing the border: no panic goes out, no pointer comes in unchecked.

use std::any::Any;
use std::ffi::{CStr, OsStr, c_char};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::ptr;

use crate::failure::Failure;
use crate::log;
use crate::status::{fg_error, fg_status};

/// Runs the body of a function, catches its panic and tells the caller how it ended.
macro_rules! border {
    ($error:expr, $work:expr) => {{
        let result = $crate::border::guarded($work);
        // SAFETY: by the rules of the header, `error` is null or the caller's to be written to.
        unsafe { $crate::border::report($error, result) }
    }};
}
pub(crate) use border;

/// Turns a panic into a failure. What the panic left half done is behind a mutex, which it poisons, or goes with it.
pub(crate) fn guarded(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => {
            let failure = Failure::Panic { message: panic_message(&*payload) };
            // Even to drop the payload may panic.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
            let _ = catch_unwind(AssertUnwindSafe(|| log::error(&failure)));
            Err(failure)
        }
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

/// Tells how a call ended.
///
/// # Safety
/// `error` is null or may be written to.
pub(crate) unsafe fn report(error: *mut fg_error, result: Result<(), Failure>) -> fg_status {
    let status = result.as_ref().map_or_else(Failure::status, |()| fg_status::FG_OK);
    if error.is_null() || !error.is_aligned() {
        return status;
    }
    match result {
        // SAFETY: aligned and not null, so by the rules of the header a place for an fg_error.
        Ok(()) => unsafe { (&raw mut (*error).status).write(status) },
        // SAFETY: as above.
        Err(failure) => unsafe { error.write(failure.to_error()) },
    }
    status
}

/// A place for an answer, which is nothing until there is one.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// By the rules of the header, `place` is null or may be written to for the time of the call.
    pub(crate) unsafe fn new(what: &'static str, place: *mut T, nothing: T) -> Result<Self, Failure> {
        check(what, place)?;
        // SAFETY: not null and aligned; the rest is the caller's promise.
        unsafe { place.write(nothing) };
        Ok(Out(place))
    }

    pub(crate) fn put(self, value: T) {
        // SAFETY: `new` has written there in this call.
        unsafe { self.0.write(value) };
    }
}

/// Borrows what a pointer leads to.
///
/// # Safety
/// By the rules of the header, `place` is null or leads to a `T` that nobody writes to for the time of the call.
pub(crate) unsafe fn reference<'a, T>(what: &'static str, place: *const T) -> Result<&'a T, Failure> {
    check(what, place)?;
    // SAFETY: not null and aligned; the rest is the caller's promise.
    Ok(unsafe { &*place })
}

/// Borrows a list; null is an empty one.
///
/// # Safety
/// By the rules of the header, `first` is null or leads to `count` values that nobody writes to for the time of the
/// call.
pub(crate) unsafe fn list<'a, T>(
    what: &'static str,
    first: *const T,
    count: usize,
) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    check_list(what, first, count)?;
    // SAFETY: not null, aligned and of a size that there can be; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

/// A place for a list of answers, all of them nothing until there is one.
///
/// # Safety
/// By the rules of the header, `first` is null or leads to `count` values that are the caller's to be written to.
pub(crate) unsafe fn out_list<'a, T>(
    what: &'static str,
    first: *mut T,
    count: usize,
    nothing: impl Fn() -> T,
) -> Result<&'a mut [T], Failure> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_list(what, first, count)?;
    // SAFETY: not null, aligned and of a size that there can be; the rest is the caller's promise. It may not be
    // initialised, so it is written before it is borrowed as values.
    let places = unsafe { std::slice::from_raw_parts_mut(first.cast::<MaybeUninit<T>>(), count) };
    for place in places.iter_mut() {
        place.write(nothing());
    }
    // SAFETY: all were written, and `places` is not used any more.
    Ok(unsafe { std::slice::from_raw_parts_mut(first, count) })
}

/// Reads the fields of a structure that the caller knows, and takes those of `all` for the others. `size` is the size
/// that the structure had when the caller was compiled; `least` the one of its first version. Fields that this library
/// does not know must be zero.
///
/// # Safety
/// By the rules of the header, `place` is null or leads to `size` bytes. Any bytes must be a `T`.
pub(crate) unsafe fn structure<T: Copy>(
    what: &'static str,
    place: *const T,
    size: usize,
    least: usize,
    all: T,
) -> Result<T, Failure> {
    check(what, place)?;
    if size < least || size > STRUCT_SIZE_MAX {
        return Err(Failure::StructSize { what, size });
    }
    let mut read = all;
    let known = size.min(size_of::<T>());
    // SAFETY: both have `known` bytes, by the caller's promise and by the minimum; they do not overlap, for `read` is
    // ours; any bytes are a `T`.
    unsafe { ptr::copy_nonoverlapping(place.cast::<u8>(), (&raw mut read).cast::<u8>(), known) };
    for at in known..size {
        // SAFETY: below `size`.
        if unsafe { place.cast::<u8>().add(at).read() } != 0 {
            return Err(Failure::UnknownField { what });
        }
    }
    Ok(read)
}

/// Writes the fields of a structure that the caller knows, and zeros to those that this library does not know.
///
/// # Safety
/// By the rules of the header, `place` is null or leads to `size` bytes that are the caller's to be written to.
pub(crate) unsafe fn put_structure<T: Copy>(
    what: &'static str,
    place: *mut T,
    size: usize,
    value: &T,
) -> Result<(), Failure> {
    check(what, place)?;
    if size == 0 || size > STRUCT_SIZE_MAX {
        return Err(Failure::StructSize { what, size });
    }
    let known = size.min(size_of::<T>());
    // SAFETY: both have `known` bytes, and `value` is ours, so they do not overlap.
    unsafe { ptr::copy_nonoverlapping(ptr::from_ref(value).cast::<u8>(), place.cast::<u8>(), known) };
    // SAFETY: from `known` to `size`, which is not before it.
    unsafe { place.cast::<u8>().add(known).write_bytes(0, size - known) };
    Ok(())
}

/// Borrows a text.
///
/// # Safety
/// By the rules of the header, `text` is null or leads to a terminated text.
pub(crate) unsafe fn text<'a>(what: &'static str, text: *const c_char) -> Result<&'a CStr, Failure> {
    check(what, text)?;
    // SAFETY: not null; the rest is the caller's promise.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// A text as the name of a file.
pub(crate) fn path(text: &CStr) -> Result<&Path, Failure> {
    #[cfg(unix)]
    let name = Ok(std::os::unix::ffi::OsStrExt::from_bytes(text.to_bytes()));
    #[cfg(not(unix))]
    let name = text.to_str().map(OsStr::new).map_err(|_| Failure::Io(std::io::ErrorKind::InvalidInput));
    name.map(|name: &OsStr| Path::new(name))
}

fn check<T>(what: &'static str, place: *const T) -> Result<(), Failure> {
    if place.is_null() {
        return Err(Failure::Null { what });
    }
    if !place.is_aligned() {
        return Err(Failure::Misaligned { what });
    }
    Ok(())
}

fn check_list<T>(what: &'static str, first: *const T, count: usize) -> Result<(), Failure> {
    check(what, first)?;
    let size = count.checked_mul(size_of::<T>());
    if size.is_none_or(|size| isize::try_from(size).is_err()) {
        return Err(Failure::TooMany { what, count });
    }
    Ok(())
}

/// No structure will ever be larger; a size that is was not set.
const STRUCT_SIZE_MAX: usize = 4096;
