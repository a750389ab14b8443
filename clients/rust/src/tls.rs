//! How connections are secured: by the features of the crate.

use std::io;

use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;

/// Whether there is any TLS in this build.
pub(crate) const IS_AVAILABLE: bool =
    cfg!(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots", feature = "native-tls"));

/// Speaks TLS with this host.
///
/// # Errors
/// What is wrong with the machine's certificates, or with the server's.
#[cfg(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots"))]
pub(crate) async fn secure(stream: TcpStream, host: &str) -> io::Result<MaybeTlsStream<TcpStream>> {
    let name = rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = tokio_rustls::TlsConnector::from(config().map_err(io::Error::other)?);
    connector.connect(name, stream).await.map(MaybeTlsStream::Rustls)
}

/// Made once: reading the machine's certificates takes a while.
#[cfg(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots"))]
fn config() -> Result<std::sync::Arc<rustls::ClientConfig>, String> {
    use std::sync::{Arc, OnceLock};
    static CONFIG: OnceLock<Result<Arc<rustls::ClientConfig>, String>> = OnceLock::new();
    CONFIG.get_or_init(make_config).clone()
}

#[cfg(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots"))]
fn make_config() -> Result<std::sync::Arc<rustls::ClientConfig>, String> {
    let mut roots = rustls::RootCertStore::empty();
    #[cfg(feature = "rustls-tls-native-roots")]
    {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    #[cfg(feature = "rustls-tls-webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if roots.is_empty() {
        return Err("this machine has no trusted certificates; the feature rustls-tls-webpki-roots brings some".into());
    }
    // By name: where a program has two providers in it, rustls would not choose.
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    Ok(std::sync::Arc::new(config))
}

/// Speaks TLS with this host, by the operating system's library.
///
/// # Errors
/// What is wrong with the library, or with the server's certificate.
#[cfg(all(feature = "native-tls", not(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots"))))]
pub(crate) async fn secure(stream: TcpStream, host: &str) -> io::Result<MaybeTlsStream<TcpStream>> {
    let connector = native_tls::TlsConnector::new().map_err(io::Error::other)?;
    let connector = tokio_native_tls::TlsConnector::from(connector);
    connector.connect(host, stream).await.map(MaybeTlsStream::NativeTls).map_err(io::Error::other)
}

/// There is no TLS to speak; such an address was refused when the client was built.
#[cfg(not(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots", feature = "native-tls")))]
pub(crate) async fn secure(_: TcpStream, _: &str) -> io::Result<MaybeTlsStream<TcpStream>> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
