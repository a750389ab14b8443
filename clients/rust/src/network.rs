//! A connection to a server, with TLS where the address says so: what WebSockets and HTTP go over.

use std::io;

use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::tls;

pub(crate) type Stream = MaybeTlsStream<TcpStream>;

/// Connects to the host of an address: `ws` or `http`, `wss` or `https`.
pub(crate) async fn connect(uri: &Uri) -> io::Result<Stream> {
    let is_secure = matches!(uri.scheme_str(), Some("wss" | "https"));
    // An IPv6 address is in brackets in a URL, and nowhere else.
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    // Frames are small, and answers to them are waited for.
    stream.set_nodelay(true)?;
    if is_secure { tls::secure(stream, host).await } else { Ok(MaybeTlsStream::Plain(stream)) }
}
