//! The application's headers, as the libraries have them.

use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue};

use crate::protocol::errors::Error;

/// Of one name the last one counts.
///
/// # Errors
/// [`Error::InvalidArgument`] for one that cannot be sent.
pub(crate) fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let invalid = || Error::InvalidArgument(format!("not an HTTP header: {name}"));
        let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        map.insert(known, HeaderValue::from_str(value).map_err(|_| invalid())?);
    }
    Ok(map)
}
