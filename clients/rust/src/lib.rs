#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod args;
mod backoff;
mod binary;
mod client;
mod clock;
mod close_codes;
mod core;
mod driver;
mod errors;
mod events;
mod feed;
mod frames;
mod options;
mod pace;
pub mod rooms;
mod sender;
mod session;
mod source;
mod space;
mod tls;
mod transport;

pub use args::Args;
pub use backoff::Backoff;
pub use binary::Binary;
pub use client::{Call, Client, Namespace};
pub use errors::{CredentialsError, Error};
pub use events::{Answered, Connected, Disconnected, Event, Events, Named, Received, Warnings};
pub use options::ClientBuilder;
pub use rooms::{Rooms, RoomsError};
