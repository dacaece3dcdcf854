//! FlatBuffers schemas of Fulgurite and the code generated from them.
