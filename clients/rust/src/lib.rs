#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod client;
mod client_builder;
mod client_shell;
mod clock;
mod dial;
mod driver;
mod events;
mod headers;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod known_ways;
mod network;
mod open_transport;
mod protocol;
mod public_stream;
pub mod rooms;
mod source;
mod tls;
mod transport_event;
mod websocket;

pub use client::{Call, Client, Namespace};
pub use client_builder::ClientBuilder;
pub use events::{Event, Events, Named, Received, Warnings};
pub use protocol::args::Args;
pub use protocol::backoff::Backoff;
pub use protocol::binary::Binary;
pub use protocol::errors::{CredentialsError, Error};
pub use protocol::namespace_event::{Answered, Connected, Disconnected};
pub use protocol::transport::Transport;
pub use rooms::{Rooms, RoomsError};
