//! Server-sent events, as far as the bridge over HTTP writes them (PROTOCOL.md, 12.5), from bytes that come in pieces of any
//! size. Pure.

use serde_json::Value;

/// An event that is larger than this ends the session: 64 MiB, as a message of a WebSocket.
const MAX_EVENT: usize = 64 << 20;

/// One event of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReadEvent {
    /// The number of the first frame that follows.
    Open {
        next: u64,
    },
    Frame(String),
    Ping,
    /// Without a code where it cannot be read.
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// Of a newer server's, or of none of ours.
    Unknown,
}

/// What no server of this protocol writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unreadable {
    NotUtf8,
    TooLarge,
}

/// The parser of one answer.
#[derive(Debug, Default)]
pub(crate) struct EventParser {
    /// Of a line whose end has not come.
    line: Vec<u8>,
    name: String,
    data: Option<String>,
}

impl EventParser {
    /// Takes the next bytes, and adds the events that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], events: &mut Vec<ReadEvent>) -> Result<(), Unreadable> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.line.is_empty() {
                self.take_line(line, events)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take_line(&whole, events)?;
            }
        }
        self.line.extend_from_slice(bytes);
        if self.line.len() > MAX_EVENT { Err(Unreadable::TooLarge) } else { Ok(()) }
    }

    fn take_line(&mut self, line: &[u8], events: &mut Vec<ReadEvent>) -> Result<(), Unreadable> {
        let line = std::str::from_utf8(line).map_err(|_| Unreadable::NotUtf8)?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            events.extend(self.finish());
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment has an empty name; other fields are none of this protocol's.
            _ => {}
        }
        if self.data.as_ref().is_some_and(|data| data.len() > MAX_EVENT) { Err(Unreadable::TooLarge) } else { Ok(()) }
    }

    /// The empty line has come.
    fn finish(&mut self) -> Option<ReadEvent> {
        let (name, data) = (std::mem::take(&mut self.name), self.data.take()?);
        Some(match name.as_str() {
            "" | "message" => ReadEvent::Frame(data),
            "ping" => ReadEvent::Ping,
            "open" => field(&data, "next").map_or(ReadEvent::Unknown, |next| ReadEvent::Open { next }),
            "close" => {
                let code = field(&data, "code").and_then(|code| u16::try_from(code).ok());
                let value: Value = serde_json::from_str(&data).unwrap_or_default();
                ReadEvent::Close { code, reason: value["reason"].as_str().unwrap_or_default().to_owned() }
            }
            _ => ReadEvent::Unknown,
        })
    }
}

fn field(data: &str, name: &str) -> Option<u64> {
    serde_json::from_str::<Value>(data).ok()?.get(name)?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "event: open\ndata: {\"next\":17}\n\n: filler\n\ndata: {\"type\":\"event\",\"event\":\"é🙂\",\"args\":[]}\n\n\
        event: ping\ndata: {}\n\ndata: {\"n\":2}\n\nevent: later\ndata: {}\n\nevent: close\ndata: {\"code\":4501,\"reason\":\"r\"}\n\n";

    fn expected() -> Vec<ReadEvent> {
        vec![
            ReadEvent::Open { next: 17 },
            ReadEvent::Frame("{\"type\":\"event\",\"event\":\"é🙂\",\"args\":[]}".into()),
            ReadEvent::Ping,
            ReadEvent::Frame("{\"n\":2}".into()),
            ReadEvent::Unknown,
            ReadEvent::Close { code: Some(4501), reason: "r".into() },
        ]
    }

    fn parse(pieces: &[&[u8]]) -> Vec<ReadEvent> {
        let (mut parser, mut events) = (EventParser::default(), Vec::new());
        pieces.iter().for_each(|piece| parser.push(piece, &mut events).expect("it is readable"));
        events
    }

    #[test]
    fn reads_what_the_server_writes() {
        assert_eq!(parse(&[ANSWER.as_bytes()]), expected());
    }

    #[test]
    fn reads_the_same_wherever_it_is_cut() {
        let bytes = ANSWER.as_bytes();
        for at in 0..=bytes.len() {
            assert_eq!(parse(&[&bytes[..at], &bytes[at..]]), expected(), "cut at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(parse(&single), expected());
    }

    #[test]
    fn an_event_has_not_come_before_its_empty_line() {
        let bytes = ANSWER.as_bytes();
        for at in 0..=bytes.len() {
            let whole = ANSWER[..].match_indices("\n\n").filter(|(end, _)| end + 2 <= at).count();
            // The comment between the first and the second is none.
            let whole = if whole > 1 { whole - 1 } else { whole };
            assert_eq!(parse(&[&bytes[..at]]), expected()[..whole], "{at} bytes");
        }
    }

    #[test]
    fn takes_line_ends_that_something_on_the_way_has_changed_and_data_of_several_lines() {
        assert_eq!(parse(&[b"data: {}\r\n\r\n"]), [ReadEvent::Frame("{}".into())]);
        assert_eq!(parse(&[b"data:{\ndata: \"a\":1}\n\n"]), [ReadEvent::Frame("{\n\"a\":1}".into())]);
    }

    #[test]
    fn what_cannot_be_read_is_a_value() {
        for data in ["7", "{}", "x", "{\"next\":-1}", "{\"next\":\"1\"}"] {
            assert_eq!(parse(&[format!("event: open\ndata: {data}\n\n").as_bytes()]), [ReadEvent::Unknown], "{data}");
        }
        let close = ReadEvent::Close { code: None, reason: String::new() };
        assert_eq!(parse(&[b"event: close\ndata: {\"code\":70000}\n\n"]), [close]);
        assert_eq!(parse(&[b"event: open\n\n", b"id: 1\nretry: 5\n\n"]), []);
        let (mut parser, mut events) = (EventParser::default(), Vec::new());
        assert_eq!(parser.push(b"data: \xff\n", &mut events), Err(Unreadable::NotUtf8));
        let many = vec![b'x'; MAX_EVENT + 1];
        assert_eq!(EventParser::default().push(&many, &mut events), Err(Unreadable::TooLarge));
    }
}
