//! The arguments of events and acks: JSON values, checked before they are sent. Pure.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::binary::Binary;
use super::errors::Error;

/// A frame from the client has at most this many binary values (PROTOCOL.md, 5.3).
pub(crate) const MAX_BINARIES: usize = 10;

/// Arrays and objects in an argument are nested at most this deep (docs/sdk.md, 3.1): the frame around it has levels of its own.
const MAX_DEPTH: usize = 120;

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
    let mut traits = Traits::default();
    args.iter().for_each(|arg| traits.look_at(arg, 1));
    if traits.depth > MAX_DEPTH {
        return Err(invalid("arguments are nested too deeply"));
    }
    if traits.binaries > MAX_BINARIES {
        return Err(invalid("an event may have 10 binary values, no more"));
    }
    if traits.binaries > 0 && traits.has_odd_key {
        return Err(invalid("beside binary data, Socket.IO takes no object with _placeholder true or a key __proto__"));
    }
    Ok(args)
}

/// What decides whether values can be sent.
#[derive(Debug, Default)]
pub(crate) struct Traits {
    /// How deep arrays and objects are nested; 0 without any.
    pub(crate) depth: usize,
    pub(crate) binaries: usize,
    /// Whether an object has what means something else to Socket.IO: `_placeholder` true, or a key `__proto__`.
    pub(crate) has_odd_key: bool,
}

impl Traits {
    pub(crate) fn of(value: &Value) -> Self {
        let mut traits = Self::default();
        traits.look_at(value, 1);
        traits
    }

    fn look_at(&mut self, value: &Value, depth: usize) {
        if value.is_array() || value.is_object() {
            self.depth = self.depth.max(depth);
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.look_at(item, depth + 1)),
            Value::Object(_) if Binary::from_value(value).is_some() => self.binaries += 1,
            Value::Object(fields) => {
                let is_placeholder = fields.get("_placeholder") == Some(&Value::Bool(true));
                self.has_odd_key |= is_placeholder || fields.contains_key("__proto__");
                fields.values().for_each(|field| self.look_at(field, depth + 1));
            }
            _ => {}
        }
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
        let is_refused = |args: &[Value]| matches!(to_args(args), Err(Error::InvalidArgument(_)));
        assert!(!is_refused(&[nested(120)]));
        assert!(is_refused(&[nested(121)]));
        let (binary, odd) =
            (Value::from(Binary::from(vec![1])), [json!({ "_placeholder": true }), json!({ "__proto__": 1 })]);
        assert!(!is_refused(&vec![binary.clone(); 10]));
        assert!(is_refused(&vec![binary.clone(); 11]));
        for odd in odd {
            assert!(!is_refused(std::slice::from_ref(&odd)), "without binary it is a value like others");
            assert!(is_refused(&[json!([odd]), binary.clone()]));
        }
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
