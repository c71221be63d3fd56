//! The client and the start sequence against a scripted peer.

mod calls;
mod peer;
mod sequence;
