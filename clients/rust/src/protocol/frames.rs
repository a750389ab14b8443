//! The JSON frames as the client sees them (PROTOCOL.md, sections 2 to 4): encode what it sends, decode what it gets.
//! Pure: a malformed frame is a value, never an error.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rate_limiter::Rate;

/// What the client sends. `None` is left out.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ClientFrame<'a> {
    Connect {
        #[serde(skip_serializing_if = "is_main")]
        ns: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        auth: Option<&'a Map<String, Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<&'a str>,
    },
    Event {
        #[serde(skip_serializing_if = "is_main")]
        ns: &'a str,
        event: &'a str,
        args: &'a [Value],
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
    },
    Ack {
        #[serde(skip_serializing_if = "is_main")]
        ns: &'a str,
        id: u64,
        args: &'a [Value],
    },
    Disconnect {
        #[serde(skip_serializing_if = "is_main")]
        ns: &'a str,
    },
    Ping,
}

fn is_main(ns: &str) -> bool {
    ns == "/"
}

impl ClientFrame<'_> {
    /// The text of the frame.
    pub(crate) fn encode(&self) -> String {
        serde_json::to_string(self).expect("JSON values and strings can be written")
    }
}

/// What a `connected` frame says. Times are in milliseconds, `max_payload` in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConnectedFrame {
    pub(crate) sid: String,
    pub(crate) pid: Option<String>,
    pub(crate) recovered: bool,
    pub(crate) ping_interval: u64,
    pub(crate) ping_timeout: u64,
    pub(crate) max_payload: usize,
    /// `None` where the server does not say, or nothing that makes sense.
    pub(crate) rate: Option<Rate>,
}

/// A frame that belongs to one namespace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NamespaceFrame {
    Connected(ConnectedFrame),
    ConnectError { message: String, data: Option<Value> },
    Event { event: String, args: Vec<Value>, id: Option<u64>, offset: Option<String> },
    Ack { id: u64, args: Vec<Value> },
    Disconnect { reason: Option<String> },
}

/// What one message of the server is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decoded {
    Namespace {
        ns: String,
        frame: NamespaceFrame,
    },
    Error {
        ns: String,
        code: String,
        message: String,
        id: Option<u64>,
    },
    Pong,
    /// A newer server's; to be ignored (2.7).
    Unknown(String),
    Malformed(String),
}

/// Event names that Socket.IO keeps for itself (PROTOCOL.md, 4.4).
pub(crate) const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The largest integer that a double holds exactly, with all below it.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A server may nest deeper than a client; deeper than this it means no good.
const MAX_DEPTH: usize = 256;

/// Decodes one text message of the server.
pub(crate) fn decode(text: &str) -> Decoded {
    match parse(text) {
        Ok(Value::Object(fields)) => decode_fields(fields).unwrap_or_else(Decoded::Malformed),
        Ok(_) => Decoded::Malformed("a message is not one JSON object".to_owned()),
        Err(error) => Decoded::Malformed(format!("a message is not JSON: {error}")),
    }
}

/// serde_json takes 127 levels unless its check is off; then the depth is bounded here.
fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| {
        if depth(text) > MAX_DEPTH || !error.to_string().starts_with("recursion limit") {
            return Err(error);
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.disable_recursion_limit();
        let value = Value::deserialize(&mut deserializer)?;
        deserializer.end().map(|()| value)
    })
}

/// How deep arrays and objects are nested in a text of JSON.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn decode_fields(mut fields: Map<String, Value>) -> Result<Decoded, String> {
    let Some(Value::String(kind)) = fields.remove("type") else {
        return Err("a frame has no type".to_owned());
    };
    let ns = match fields.remove("ns") {
        None | Some(Value::Null) => "/".to_owned(),
        Some(Value::String(ns)) => ns,
        Some(_) => return Err(wrong(&kind, "ns")),
    };
    let mut fields = Fields { kind: &kind, fields };
    let frame = match kind.as_str() {
        "connected" => NamespaceFrame::Connected(ConnectedFrame {
            sid: fields.string("sid")?,
            pid: fields.optional_string("pid"),
            recovered: fields.fields.get("recovered") == Some(&Value::Bool(true)),
            ping_interval: fields.amount("pingInterval")?,
            ping_timeout: fields.amount("pingTimeout")?,
            max_payload: usize::try_from(fields.amount("maxPayload")?).unwrap_or(usize::MAX),
            rate: fields.rate(),
        }),
        "connect_error" => {
            NamespaceFrame::ConnectError { message: fields.string("message")?, data: fields.fields.remove("data") }
        }
        "event" => {
            let event = fields.string("event")?;
            // A reserved name from the wire would pass for the client's own events.
            if RESERVED_EVENTS.contains(&event.as_str()) {
                return Err(wrong(&kind, "event"));
            }
            NamespaceFrame::Event {
                event,
                args: fields.args()?,
                id: if fields.fields.contains_key("id") { Some(fields.id()?) } else { None },
                offset: fields.optional_string("offset"),
            }
        }
        "ack" => NamespaceFrame::Ack { id: fields.id()?, args: fields.args()? },
        "disconnect" => NamespaceFrame::Disconnect { reason: fields.optional_string("reason") },
        "error" => {
            let (code, message) = (fields.string("code")?, fields.string("message")?);
            return Ok(Decoded::Error { ns, code, message, id: fields.id().ok() });
        }
        "pong" => return Ok(Decoded::Pong),
        _ => return Ok(Decoded::Unknown(kind)),
    };
    Ok(Decoded::Namespace { ns, frame })
}

struct Fields<'a> {
    kind: &'a str,
    fields: Map<String, Value>,
}

impl Fields<'_> {
    fn string(&mut self, name: &str) -> Result<String, String> {
        self.optional_string(name).ok_or_else(|| wrong(self.kind, name))
    }

    fn optional_string(&mut self, name: &str) -> Option<String> {
        match self.fields.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn args(&mut self) -> Result<Vec<Value>, String> {
        match self.fields.remove("args") {
            Some(Value::Array(args)) => Ok(args),
            _ => Err(wrong(self.kind, "args")),
        }
    }

    fn id(&self) -> Result<u64, String> {
        self.whole("id").filter(|id| *id <= MAX_SAFE).ok_or_else(|| wrong(self.kind, "id"))
    }

    fn amount(&self, name: &str) -> Result<u64, String> {
        self.whole(name).filter(|amount| (1..=MAX_SAFE).contains(amount)).ok_or_else(|| wrong(self.kind, name))
    }

    fn rate(&self) -> Option<Rate> {
        let rate = self.fields.get("rate")?;
        let number = |name: &str| rate.get(name)?.as_f64().filter(|number| *number > 0.0 && number.is_finite());
        Some(Rate { per_second: number("perSecond")?, burst: number("burst")? })
    }

    /// A number that is whole, however it is written: 1000, 1e3 and 1000.0 are the same in JSON.
    fn whole(&self, name: &str) -> Option<u64> {
        let number = self.fields.get(name)?;
        number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            // Exact: it has no fraction, and is in the range of both types.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            (float.fract() == 0.0 && (0.0..=9e15).contains(&float)).then_some(float as u64)
        })
    }
}

fn wrong(kind: &str, field: &str) -> String {
    format!("{field} of a frame \"{kind}\" is missing or wrong")
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
