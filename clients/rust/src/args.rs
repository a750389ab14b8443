//! The arguments of events and acks: JSON values, checked before they are sent. Pure.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;
use crate::binary::Binary;

/// A frame from the client has at most this many binary values (PROTOCOL.md, 5.3).
const MAX_BINARIES: usize = 10;

/// Arrays and objects in a frame from the client are nested at most this deep, the frame itself counted (2.8).
const MAX_DEPTH: usize = 128;

/// The arguments of an event that came, or of an ack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Args(Vec<Value>);

impl Args {
    /// All of them as a type of yours: a tuple, say, or a `Vec`.
    ///
    /// # Errors
    /// Where they are of other types, or fewer or more.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Array(self.0.clone()))
    }

    /// The first one as a type of yours; JSON's `null` stands for one that is not there.
    ///
    /// # Errors
    /// Where it is of another type.
    pub fn first<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(self.0.first().unwrap_or(&Value::Null))
    }

    /// The values.
    #[must_use]
    pub fn into_vec(self) -> Vec<Value> {
        self.0
    }
}

impl std::ops::Deref for Args {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Vec<Value>> for Args {
    fn from(values: Vec<Value>) -> Self {
        Self(values)
    }
}

/// What the caller gave as arguments: an array or a tuple, or `()` for none.
///
/// # Errors
/// [`Error::InvalidArgument`] for what the protocol cannot carry.
pub(crate) fn to_args(given: impl Serialize) -> Result<Vec<Value>, Error> {
    let args = match serde_json::to_value(given) {
        Ok(Value::Array(args)) => args,
        Ok(Value::Null) => Vec::new(),
        Ok(_) => return Err(invalid("arguments are a tuple or an array: (a, b), [a], or () for none")),
        Err(error) => return Err(Error::InvalidArgument(error.to_string())),
    };
    let mut binaries = 0;
    for arg in &args {
        // The frame is one level, its `args` another.
        check(arg, 3, &mut binaries)?;
    }
    Ok(args)
}

fn check(value: &Value, depth: usize, binaries: &mut usize) -> Result<(), Error> {
    let is_nested = value.is_array() || value.is_object();
    if is_nested && depth > MAX_DEPTH {
        return Err(invalid("arguments are nested too deeply"));
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1, binaries)),
        Value::Object(_) if Binary::from_value(value).is_some() => {
            *binaries += 1;
            if *binaries > MAX_BINARIES { Err(invalid("an event may have 10 binary values, no more")) } else { Ok(()) }
        }
        Value::Object(fields) => {
            if fields.get("_placeholder") == Some(&Value::Bool(true)) {
                return Err(invalid("an object whose _placeholder is true stands for binary data to Socket.IO"));
            }
            fields.values().try_for_each(|field| check(field, depth + 1, binaries))
        }
        _ => Ok(()),
    }
}

fn invalid(message: &str) -> Error {
    Error::InvalidArgument(message.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, _| json!([inner]))
    }

    #[test]
    fn takes_tuples_arrays_and_nothing() {
        assert_eq!(to_args(("a", 1)).unwrap(), [json!("a"), json!(1)]);
        assert_eq!(to_args(["a"]).unwrap(), [json!("a")]);
        assert!(to_args(()).unwrap().is_empty());
        assert!(matches!(to_args("a"), Err(Error::InvalidArgument(_))));
    }

    #[test]
    fn refuses_what_the_server_would_refuse() {
        assert!(to_args([nested(126)]).is_ok());
        assert!(matches!(to_args([nested(127)]), Err(Error::InvalidArgument(_))));
        assert!(matches!(to_args([json!({ "x": { "_placeholder": true } })]), Err(Error::InvalidArgument(_))));
        assert!(to_args([vec![Binary::from(vec![1]); 10]]).is_ok());
        assert!(matches!(to_args([vec![Binary::from(vec![1]); 11]]), Err(Error::InvalidArgument(_))));
    }

    #[test]
    fn gives_typed_values() {
        let args = Args::from(vec![json!("a"), json!(2)]);
        assert_eq!(args.parse::<(String, u8)>().unwrap(), ("a".to_owned(), 2));
        assert_eq!(args.first::<String>().unwrap(), "a");
        assert!(args.parse::<(String,)>().is_err());
        assert_eq!(Args::default().first::<Option<u8>>().unwrap(), None);
    }
}
