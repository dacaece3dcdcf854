//! Named layers over the graph.

use std::ffi::c_char;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::layer::{
    LAYER_COUNT_MAX, Layer, LayerError, LayerStack, LayerWriter, Layers, read_layers, write_layers,
};

use crate::border::{Out, border, list, text};
use crate::buffer::{fg_buffer, hand_out_buffer};
use crate::failure::Failure;
use crate::handle::{Held, free, hand_out, hold, kind};
use crate::status::{fg_error, fg_status};

/// Named layers over the graph, as Core Lightning's askrene has them: created channels, changed policies, what is known
/// of liquidity, biases, disabled nodes and channels. Queries name those that they want.
pub struct fg_layers {
    _private: (),
}

/// What lies behind an fg_layers.
pub(crate) struct LayerTable {
    layers: Layers,
    writer: Mutex<LayerWriter>,
}

kind!(LayerTable, fg_layers, 9, "the fg_layers");

impl LayerTable {
    /// The layers of these names.
    ///
    /// # Safety
    /// By the rules of the header, for a list of terminated texts.
    pub(crate) unsafe fn stack(
        &self,
        names: *const *const c_char,
        count: usize,
    ) -> Result<LayerStack, Failure> {
        // SAFETY: this function's own promise.
        let names = unsafe { list("layer_names", names, count) }?;
        // SAFETY: the same.
        let names = names.iter().map(|&given| unsafe { name("layer_names", given) });
        Ok(self.layers.stack(&names.collect::<Result<Vec<_>, _>>()?)?)
    }

    /// An edit that a panic cut short is one of a layer's entries, not of the table.
    fn writer(&self) -> MutexGuard<'_, LayerWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Edits a layer, which is made where it is not there, and shows it to the queries that begin from now on.
    pub(crate) fn edit<R>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Layer) -> Result<R, LayerError>,
    ) -> Result<(), Failure> {
        let mut writer = self.writer();
        let is_new = match writer.create(name, false) {
            Ok(()) => true,
            Err(LayerError::Exists) => false,
            Err(error) => return Err(error.into()),
        };
        let edited = work(writer.edit(name)?);
        if is_new && edited.is_err() {
            writer.remove(name)?;
        }
        edited?;
        writer.publish();
        Ok(())
    }
}

/// Makes a place for layers, of which there are none yet. Free it with fg_layers_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_new(layers: *mut *mut fg_layers, error: *mut fg_error) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("layers", layers, ptr::null_mut()) }?;
        let (layers, writer) = LayerWriter::new();
        out.put(hand_out(LayerTable { layers, writer: Mutex::new(writer) }));
        Ok(())
    })
}

/// Takes layers in the JSON of askrene-listlayers; each replaces the one of its name. All or none. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_read(
    layers: *const fg_layers,
    bytes: *const u8,
    size: usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<LayerTable>(layers) }?;
        // SAFETY: the rules of the header.
        let read = read_layers(unsafe { list("bytes", bytes, size) }?)?;
        let mut writer = table.writer();
        let known = table.layers.list();
        let is_new = |layer: &&Layer| known.iter().all(|known| known.name() != layer.name());
        if known.len() + read.iter().filter(is_new).count() > LAYER_COUNT_MAX {
            return Err(LayerError::TooManyLayers.into());
        }
        for layer in read {
            // There may be none of its name.
            let _ = writer.remove(layer.name());
            writer.add(layer)?;
        }
        writer.publish();
        Ok(())
    })
}

/// Writes all layers in the JSON of askrene-listlayers. Free the buffer with fg_buffer_free. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_write(
    layers: *const fg_layers,
    buffer: *mut *mut fg_buffer,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("buffer", buffer, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<LayerTable>(layers) }?;
        let mut bytes = Vec::new();
        write_layers(table.layers.list().iter().map(|layer| &**layer), &mut bytes)?;
        out.put(hand_out_buffer(bytes));
        Ok(())
    })
}

/// Removes a layer. Queries that run keep it. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_remove(
    layers: *const fg_layers,
    layer: *const c_char,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        let mut writer = table.writer();
        writer.remove(layer)?;
        writer.publish();
        Ok(())
    })
}

/// Frees layers; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_free(layers: *mut fg_layers) -> fg_status {
    // SAFETY: the rules of the header.
    border!(ptr::null_mut(), || unsafe { free::<LayerTable>(layers) })
}

/// Takes hold of layers, and borrows the name of one.
///
/// # Safety
/// By the rules of the header, for a handle and a text.
pub(crate) unsafe fn named<'a>(
    layers: *const fg_layers,
    layer: *const c_char,
) -> Result<(Held<LayerTable>, &'a str), Failure> {
    // SAFETY: this function's own promise.
    let table = unsafe { hold::<LayerTable>(layers) }?;
    // SAFETY: the same.
    Ok((table, unsafe { name("layer", layer) }?))
}

/// Borrows a layer's name.
///
/// # Safety
/// By the rules of the header, `given` is null or leads to a terminated text.
unsafe fn name<'a>(what: &'static str, given: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: this function's own promise.
    unsafe { text(what, given) }?.to_str().map_err(|_| Failure::Layer(LayerError::Name))
}
