//! Our own engine as a contender: the only module here that touches the search.
//!
//! To plug it in: make [`Ours`] a struct around the published graph, fill in the two traits below, and keep node look-up
//! inside `route`, because LDK's `find_route` looks its nodes up as well.

use std::convert::Infallible;
use std::path::Path;

use engine::graph::GraphBuilder;

use crate::{Answer, BuildError, Contender, Mode, NoRoute, Query, StoreError, Stored};

/// Our engine. Without values until the search has an API: `build` says that it is unavailable.
#[derive(Debug)]
pub enum Ours {}

impl Contender for Ours {
    const NAME: &'static str = "ours";
    const MODES: &'static [Mode] = &Mode::ALL;
    type Request = Infallible;
    type Scratch = Infallible;

    fn build(_draft: &GraphBuilder) -> Result<Self, BuildError> {
        Err(BuildError::Unavailable)
    }

    fn request(&self, _query: &Query, _mode: Mode) -> Result<Infallible, NoRoute> {
        match *self {}
    }

    fn scratch(&self) -> Infallible {
        match *self {}
    }

    fn route(&self, _scratch: &mut Infallible, _request: &Infallible) -> Result<Answer, NoRoute> {
        match *self {}
    }
}

impl Stored for Ours {
    fn write(&self, _path: &Path) -> Result<(), StoreError> {
        match *self {}
    }

    fn read(_path: &Path) -> Result<Self, StoreError> {
        Err(StoreError::Malformed)
    }
}
