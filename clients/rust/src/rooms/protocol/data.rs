//! What the application gives to publish or to send, checked before it leaves (docs/rooms-api.md, 4.2 and 12.1): what cannot
//! succeed fails at once, and what is behind it goes on. Pure.

use serde::Serialize;
use serde_json::Value;

use super::rooms_error::RoomsError;
use crate::protocol::args::{MAX_BINARIES, Traits};
use crate::protocol::binary::Binary;

/// Arrays and objects in `data` are nested at most this deep.
const MAX_DEPTH: usize = 100;

/// What the application gives, as JSON.
pub(crate) fn to_value(data: impl Serialize) -> Result<Value, RoomsError> {
    serde_json::to_value(data).map_err(|error| RoomsError::new("invalid_argument", error.to_string()))
}

/// The same for what goes to others.
pub(crate) fn to_data(data: impl Serialize) -> Result<Value, RoomsError> {
    let data = to_value(data)?;
    let traits = Traits::of(&data);
    let wrong = if traits.depth > MAX_DEPTH {
        "The data is nested more than 100 deep."
    } else if traits.binaries > MAX_BINARIES {
        "The data has more than 10 binary values."
    } else if traits.has_odd_key {
        "An object in the data has _placeholder true or a key __proto__, which Socket.IO would take for something else."
    } else {
        return Ok(data);
    };
    Err(RoomsError::new("invalid_argument", wrong))
}

/// Whether a server whose `welcome` said `message_bytes` takes the data.
pub(crate) fn check_size(data: &Value, message_bytes: Option<u64>) -> Result<(), RoomsError> {
    let (Some(max), size) = (message_bytes, size_of(data)) else { return Ok(()) };
    if size as u64 <= max {
        return Ok(());
    }
    Err(RoomsError::new("message_too_large", format!("The data has {size} bytes as JSON; the server takes {max}.")))
}

/// Bytes of a value as JSON, as the server counts them: binary counts with its own bytes.
fn size_of(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| size_of(item) + 1).sum::<usize>().max(1) + 1,
        Value::Object(_) if Binary::from_value(value).is_some() => {
            Binary::from_value(value).map_or(0, |binary| binary.len())
        }
        Value::Object(fields) => {
            let size = |(key, field): (&String, &Value)| text_size(key) + size_of(field) + 2;
            fields.iter().map(size).sum::<usize>().max(1) + 1
        }
        Value::String(text) => text_size(text),
        // JavaScript writes no fraction that is zero.
        other => other.to_string().trim_end_matches(".0").len(),
    }
}

/// Of a string, with its quotes and escapes.
fn text_size(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | 8 | 9 | 10 | 12 | 13 => 1,
        0..=31 => 5,
        _ => 0,
    });
    text.len() + escapes.sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(data: &Value) -> Option<String> {
        to_data(data).err().map(|error| error.code().to_owned())
    }

    #[test]
    fn refuses_what_the_server_would_refuse() {
        let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(code(&nested(100)), None);
        assert_eq!(code(&nested(101)).as_deref(), Some("invalid_argument"));
        assert_eq!(code(&json!([{ "_placeholder": true }])).as_deref(), Some("invalid_argument"));
        assert_eq!(code(&json!({ "a": { "__proto__": 1 } })).as_deref(), Some("invalid_argument"));
        let binaries = |count| json!(vec![Binary::from(vec![1]); count]);
        assert_eq!((code(&binaries(10)), code(&binaries(11)).as_deref()), (None, Some("invalid_argument")));
    }

    #[test]
    fn counts_as_the_server_does() {
        for value in
            [json!([]), json!({}), json!("a\"\n\u{1}é"), json!([1, "b", null]), json!({ "k": [true, {}], "l": 2 })]
        {
            assert_eq!(size_of(&value), value.to_string().len(), "{value}");
        }
        assert_eq!(size_of(&json!({ "b": Binary::from(vec![0; 30]) })), r#"{"b":}"#.len() + 30);
        assert_eq!(size_of(&json!(3.0)), 1);
    }

    #[test]
    fn is_too_large_only_where_the_server_has_said_what_it_takes() {
        assert!(check_size(&json!("1234"), None).is_ok());
        assert!(check_size(&json!("1234"), Some(6)).is_ok());
        assert_eq!(check_size(&json!("1234"), Some(5)).unwrap_err().code(), "message_too_large");
    }
}
