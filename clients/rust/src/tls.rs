//! How `wss` connections are secured: by the features of the crate.

use tokio_tungstenite::Connector;

/// Whether there is any TLS in this build.
pub(crate) const IS_AVAILABLE: bool =
    cfg!(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots", feature = "native-tls"));

/// The connector of this build; `None` for the library's own. Made once: reading the machine's certificates takes a while.
///
/// # Errors
/// What is wrong with the machine's certificates.
#[cfg(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots"))]
pub(crate) fn connector() -> Result<Option<Connector>, String> {
    use std::sync::{Arc, OnceLock};
    static CONFIG: OnceLock<Result<Arc<rustls::ClientConfig>, String>> = OnceLock::new();
    CONFIG.get_or_init(config).clone().map(|config| Some(Connector::Rustls(config)))
}

#[cfg(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots"))]
fn config() -> Result<std::sync::Arc<rustls::ClientConfig>, String> {
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

#[cfg(not(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots")))]
pub(crate) fn connector() -> Result<Option<Connector>, String> {
    Ok(None)
}
