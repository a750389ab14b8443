//! What the agent writes.

use std::io::Write;

use crossroom::{Binary, Error, RoomsError};
use serde_json::{Value, json};

/// What a command comes to: a value, if it has one, or an `error`.
pub type Answer = Result<Option<Value>, Value>;

/// One line of standard output. Flushed at its end.
pub fn say(line: &Value) {
    // Nobody reads any more: then standard input has ended too, and the program with it.
    let _ = writeln!(std::io::stdout(), "{line}");
}

pub fn answer(id: &Value, answer: Answer) {
    say(&match answer {
        Ok(Some(value)) => json!({ "id": id, "ok": true, "value": value }),
        Ok(None) => json!({ "id": id, "ok": true }),
        Err(error) => json!({ "id": id, "ok": false, "error": error }),
    });
}

/// An event of a client's, with its fields.
pub fn tell(client: &str, event: &str, mut fields: Value) {
    fields["client"] = json!(client);
    fields["event"] = json!(event);
    say(&fields);
}

pub fn failure(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

pub fn bridge_error(error: &Error) -> Value {
    let mut value = failure(error.code(), &error.to_string());
    if let Error::ConnectError { message, data } = error {
        value["message"] = json!(message);
        if let Some(data) = data {
            value["data"] = data.clone();
        }
    }
    value
}

pub fn rooms_error(error: &RoomsError) -> Value {
    json!({ "code": error.code(), "message": error.message(), "retryable": error.retryable() })
}

/// The same value, with all that is binary in it taken through the client's own type.
pub fn through_binary(value: Value) -> Value {
    if let Some(binary) = Binary::from_value(&value) {
        return Value::from(binary);
    }
    match value {
        Value::Array(items) => items.into_iter().map(through_binary).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, field)| (key, through_binary(field))).collect(),
        other => other,
    }
}

/// The `args` of a command.
pub fn args(command: &Value) -> Vec<Value> {
    match through_binary(command["args"].clone()) {
        Value::Array(args) => args,
        _ => Vec::new(),
    }
}
