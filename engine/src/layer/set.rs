//! All layers: one writer edits and publishes, readers take stacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::edit::{LAYER_COUNT_MAX, Layer, LayerError, STACK_LAYER_COUNT_MAX};
use super::stack::LayerStack;
use crate::snapshot::Published;

type LayerSet = BTreeMap<Arc<str>, Arc<Layer>>;

/// The readers' handle. Clones are handles to the same layers.
#[derive(Debug, Clone)]
pub struct Layers {
    published: Arc<Published<LayerSet>>,
    stacks: Arc<Published<Vec<LayerStack>>>,
}

/// The one hand that edits layers.
///
/// ```
/// use engine::layer::{LayerWriter, PolicyChange};
///
/// let (layers, mut writer) = LayerWriter::new();
/// writer.create("mine", false)?;
/// let free = PolicyChange { fee_base_msat: Some(0), ..PolicyChange::default() };
/// writer.edit("mine")?.update_channel("700000x1x0/1".parse()?, free)?;
/// assert!(layers.stack(&["mine"]).is_err(), "nothing is published");
/// writer.publish();
/// let stack = layers.stack(&["mine"])?;
/// assert_eq!(stack.layers()[0].channel_updates().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LayerWriter {
    published: Arc<Published<LayerSet>>,
    stacks: Arc<Published<Vec<LayerStack>>>,
    drafts: BTreeMap<Arc<str>, Draft>,
}

/// A layer, and its published version where that is the same.
#[derive(Debug)]
struct Draft {
    layer: Layer,
    published: Option<Arc<Layer>>,
}

impl Layers {
    /// The layers of these names as they are published now, in this order. While they do not change, the same names
    /// give the same stack, which is compiled once. O(names), lock-free.
    ///
    /// # Errors
    /// [`LayerError::Unknown`] where there is none of a name, [`LayerError::Repeated`] where one comes twice,
    /// [`LayerError::TooManyNames`] beyond [`STACK_LAYER_COUNT_MAX`].
    pub fn stack(&self, names: &[&str]) -> Result<LayerStack, LayerError> {
        if names.len() > STACK_LAYER_COUNT_MAX {
            return Err(LayerError::TooManyNames);
        }
        if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
            return Err(LayerError::Repeated);
        }
        let set = self.published.load();
        let layers = names.iter().map(|&name| set.get(name).cloned().ok_or(LayerError::Unknown));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        let known = self.stacks.load();
        if let Some(stack) = known.iter().find(|stack| stack.is_of(&layers)) {
            return Ok(stack.clone());
        }
        let stack = LayerStack::new(layers);
        // Of two stacks that are noted at the same time, one may be forgotten; it will be compiled again then.
        let kept = known.len().saturating_sub(STACK_COUNT_MAX - 1);
        let stacks = known[kept..].iter().cloned().chain([stack.clone()]);
        self.stacks.replace(Arc::new(stacks.collect()));
        Ok(stack)
    }

    /// The layer of that name as it is published now. O(log layers).
    pub fn get(&self, name: &str) -> Option<Arc<Layer>> {
        self.published.load().get(name).cloned()
    }

    /// All layers that are published, by name.
    pub fn list(&self) -> Vec<Arc<Layer>> {
        self.published.load().values().cloned().collect()
    }
}

impl LayerWriter {
    /// No layers yet, and the handle for their readers.
    pub fn new() -> (Layers, LayerWriter) {
        let published = Arc::new(Published::new(Arc::new(LayerSet::new())));
        let stacks = Arc::new(Published::new(Arc::new(Vec::new())));
        let layers = Layers { published: Arc::clone(&published), stacks: Arc::clone(&stacks) };
        (layers, LayerWriter { published, stacks, drafts: BTreeMap::new() })
    }

    /// Adds an empty layer.
    ///
    /// # Errors
    /// [`LayerError::Name`], [`LayerError::Exists`], [`LayerError::TooManyLayers`].
    pub fn create(&mut self, name: &str, persistent: bool) -> Result<(), LayerError> {
        self.add(Layer::new(name, persistent)?)
    }

    /// Adds a layer that was made elsewhere, as by [`read_layers`](super::read_layers).
    ///
    /// # Errors
    /// [`LayerError::Exists`], [`LayerError::TooManyLayers`].
    pub fn add(&mut self, layer: Layer) -> Result<(), LayerError> {
        if self.drafts.contains_key(layer.name()) {
            return Err(LayerError::Exists);
        }
        if self.drafts.len() >= LAYER_COUNT_MAX {
            return Err(LayerError::TooManyLayers);
        }
        self.drafts.insert(layer.name().into(), Draft { layer, published: None });
        Ok(())
    }

    /// Removes a layer, and returns it as it was.
    ///
    /// # Errors
    /// [`LayerError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<Layer, LayerError> {
        self.drafts.remove(name).map(|draft| draft.layer).ok_or(LayerError::Unknown)
    }

    /// All layers by name, with all edits, those that are not published included.
    pub fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.drafts.values().map(|draft| &draft.layer)
    }

    /// The layer of that name, the same way.
    pub fn get(&self, name: &str) -> Option<&Layer> {
        self.drafts.get(name).map(|draft| &draft.layer)
    }

    /// A layer to be edited.
    ///
    /// # Errors
    /// [`LayerError::Unknown`].
    pub fn edit(&mut self, name: &str) -> Result<&mut Layer, LayerError> {
        let draft = self.drafts.get_mut(name).ok_or(LayerError::Unknown)?;
        draft.published = None;
        Ok(&mut draft.layer)
    }

    /// Shows all edits to the readers. O(layers); the entries are shared, not copied.
    pub fn publish(&mut self) {
        let layers = self.drafts.iter_mut().map(|(name, draft)| {
            let published = draft.published.get_or_insert_with(|| Arc::new(draft.layer.clone()));
            (Arc::clone(name), Arc::clone(published))
        });
        let layers: LayerSet = layers.collect();
        self.published.replace(Arc::new(layers.clone()));
        // Stacks of former versions are only kept by those who hold them.
        let is_current = |layer: &Arc<Layer>| {
            layers.get(layer.name()).is_some_and(|published| Arc::ptr_eq(published, layer))
        };
        let known = self.stacks.load();
        let kept = known.iter().filter(|stack| stack.layers().iter().all(is_current)).cloned();
        self.stacks.replace(Arc::new(kept.collect()));
    }
}

/// Combinations of layers that stay compiled: a query uses one of a handful.
const STACK_COUNT_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use primitives::NodeId;

    use super::*;

    #[test]
    fn a_stack_shows_what_was_published_when_it_was_made() {
        let (layers, mut writer) = LayerWriter::new();
        let node = NodeId::from_bytes([2; 33]).unwrap();
        writer.create("a", false).unwrap();
        writer.create("b", true).unwrap();
        assert_eq!(writer.create("a", true), Err(LayerError::Exists));
        assert_eq!(layers.stack(&["a"]), Err(LayerError::Unknown));
        writer.publish();
        let before = layers.stack(&["b", "a"]).unwrap();
        assert_eq!(layers.stack(&["b", "a"]).unwrap(), before);
        assert_ne!(layers.stack(&["a", "b"]).unwrap(), before);
        let other = layers.stack(&["b"]).unwrap();
        writer.edit("a").unwrap().disable_node(node).unwrap();
        assert_eq!(layers.stack(&["b", "a"]).unwrap(), before);
        writer.publish();
        let after = layers.stack(&["b", "a"]).unwrap();
        assert_ne!(after, before);
        assert_eq!(layers.stack(&["b"]).unwrap(), other, "it did not change, so it stays compiled");
        assert!(before.layers()[1].disabled_nodes().is_empty());
        assert!(after.layers()[1].disabled_nodes().contains(&node));
        assert_eq!(writer.remove("a").unwrap().entry_count(), 1);
        writer.publish();
        assert_eq!(layers.stack(&["a"]), Err(LayerError::Unknown));
        assert_eq!(layers.list().len(), 1);
        assert!(layers.get("a").is_none());
        assert!(layers.get("b").is_some_and(|layer| Arc::ptr_eq(&layer, &layers.list()[0])));
    }

    #[test]
    fn many_combinations_are_forgotten_in_turn() {
        let (layers, mut writer) = LayerWriter::new();
        let names = (0..40).map(|at| format!("layer {at}")).collect::<Vec<_>>();
        names.iter().for_each(|name| writer.create(name, false).unwrap());
        writer.publish();
        for name in &names {
            layers.stack(&[name]).unwrap();
        }
        assert_eq!(layers.stacks.load().len(), STACK_COUNT_MAX);
    }

    #[test]
    fn a_query_names_few_layers_and_each_once() {
        let (layers, mut writer) = LayerWriter::new();
        let names = (0..=STACK_LAYER_COUNT_MAX).map(|at| format!("layer {at}")).collect::<Vec<_>>();
        names.iter().for_each(|name| writer.create(name, false).unwrap());
        writer.publish();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(layers.stack(&names[1..]).is_ok());
        assert_eq!(layers.stack(&names), Err(LayerError::TooManyNames));
        assert_eq!(layers.stack(&[names[0], names[1], names[0]]), Err(LayerError::Repeated));
    }
}
