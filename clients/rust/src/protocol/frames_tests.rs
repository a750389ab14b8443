use serde_json::json;

use super::*;
use crate::Binary;

/// The golden vectors, which the clients of all languages read.
fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/../../test/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut file = parse(&text).expect("the vectors are JSON");
    let Value::Array(vectors) = file["vectors"].take() else { panic!("{path} has no vectors") };
    assert!(vectors.len() > 5, "{path} has too few vectors");
    vectors
}

/// What was decoded, in the form of the vectors.
fn as_vector(decoded: Decoded) -> Value {
    let mut fields = match &decoded {
        Decoded::Pong => return json!({ "type": "pong" }),
        Decoded::Error { code, message, .. } => json!({ "type": "error", "code": code, "message": message }),
        Decoded::Namespace { ns, frame } => match frame {
            NamespaceFrame::Connected(connected) => json!({
                "type": "connected", "ns": ns, "sid": connected.sid,
                "pingInterval": connected.ping_interval, "pingTimeout": connected.ping_timeout,
                "maxPayload": connected.max_payload,
            }),
            NamespaceFrame::ConnectError { message, .. } => {
                json!({ "type": "connect_error", "ns": ns, "message": message })
            }
            NamespaceFrame::Event { event, args, .. } => {
                json!({ "type": "event", "ns": ns, "event": event, "args": args })
            }
            NamespaceFrame::Ack { args, .. } => json!({ "type": "ack", "ns": ns, "args": args }),
            NamespaceFrame::Disconnect { .. } => json!({ "type": "disconnect", "ns": ns }),
        },
        other => return json!({ "other": format!("{other:?}") }),
    };
    let mut optional = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields[name] = value;
        }
    };
    match decoded {
        Decoded::Error { ns, id, .. } => {
            // The vectors have the namespace only where the server says it.
            optional("ns", (ns != "/").then(|| json!(ns)));
            optional("id", id.map(Value::from));
        }
        Decoded::Namespace { frame, .. } => match frame {
            NamespaceFrame::Connected(connected) => {
                optional("pid", connected.pid.map(Value::from));
                optional("recovered", connected.recovered.then_some(json!(true)));
            }
            NamespaceFrame::ConnectError { data, .. } => optional("data", data),
            NamespaceFrame::Event { id, offset, .. } => {
                optional("id", id.map(Value::from));
                optional("offset", offset.map(Value::from));
            }
            NamespaceFrame::Ack { id, .. } => optional("id", Some(id.into())),
            NamespaceFrame::Disconnect { reason } => optional("reason", reason.map(Value::from)),
        },
        _ => {}
    }
    fields
}

#[test]
fn reads_the_frames_of_the_server() {
    for vector in vectors("server-frames") {
        let decoded = decode(vector["text"].as_str().expect("a text"));
        if vector["ignored"] == true {
            assert!(matches!(decoded, Decoded::Unknown(_)), "{}", vector["name"]);
            continue;
        }
        let mut frame = vector["frame"].clone();
        // The client has no use for what it sent with a ping.
        if frame["type"] == "pong" {
            frame = json!({ "type": "pong" });
        }
        // Not read yet.
        if let Some(fields) = frame.as_object_mut() {
            fields.remove("rate");
        }
        assert_eq!(as_vector(decoded), frame, "{}", vector["name"]);
    }
}

#[test]
fn writes_frames_that_the_server_understands() {
    let mut written = 0;
    for vector in vectors("client-frames") {
        let frame = &vector["frame"];
        // Those that a server refuses are not written; and this client sends nothing with a ping.
        if frame.is_null() || frame.get("data").is_some() {
            continue;
        }
        let text = |name: &str| frame[name].as_str();
        let ns = text("ns").unwrap_or("/");
        let args = frame["args"].as_array().cloned().unwrap_or_default();
        let id = frame["id"].as_u64();
        let encoded = match text("type").expect("a type") {
            "connect" => {
                let auth = frame["auth"].as_object();
                ClientFrame::Connect { ns, auth, pid: text("pid"), offset: text("offset") }
            }
            "event" => ClientFrame::Event { ns, event: text("event").expect("a name"), args: &args, id },
            "ack" => ClientFrame::Ack { ns, id: id.expect("an id"), args: &args },
            "disconnect" => ClientFrame::Disconnect { ns },
            "ping" => ClientFrame::Ping,
            other => panic!("a frame that the client does not know: {other}"),
        }
        .encode();
        let mut back = parse(&encoded).expect("JSON");
        if frame.get("ns").is_some() {
            back.as_object_mut().expect("an object").entry("ns").or_insert_with(|| json!("/"));
        }
        assert_eq!(&back, frame, "{}", vector["name"]);
        written += 1;
    }
    assert!(written > 15, "only {written} frames were written");
}

#[test]
fn leaves_out_what_may_be_left_out() {
    assert_eq!(ClientFrame::Connect { ns: "/", auth: None, pid: None, offset: None }.encode(), r#"{"type":"connect"}"#);
    let event = ClientFrame::Event { ns: "/a", event: "x", args: &[json!(1)], id: None };
    assert_eq!(event.encode(), r#"{"type":"event","ns":"/a","event":"x","args":[1]}"#);
    assert_eq!(ClientFrame::Ping.encode(), r#"{"type":"ping"}"#);
}

#[test]
fn takes_for_binary_what_the_vectors_say() {
    for vector in vectors("binary") {
        let value = &vector["value"];
        let hex =
            Binary::from_value(value).map(|binary| binary.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        assert_eq!(hex.as_deref(), vector["bytes"].as_str(), "{}", vector["name"]);
        assert_eq!(serde_json::from_value::<Binary>(value.clone()).is_ok(), hex.is_some(), "{}", vector["name"]);
        if let Some(binary) = Binary::from_value(value) {
            assert_eq!(&Value::from(binary.clone()), value, "{}", vector["name"]);
            assert_eq!(&serde_json::to_value(binary).expect("JSON"), value, "{}", vector["name"]);
        }
    }
}

#[test]
fn sees_binary_under_an_escaped_key_which_is_the_same_key() {
    let decoded = decode(r#"{"type":"event","event":"x","args":[{"\u0024binary":"aGk="}]}"#);
    let Decoded::Namespace { frame: NamespaceFrame::Event { args, .. }, .. } = decoded else { panic!("{decoded:?}") };
    assert_eq!(Binary::from_value(&args[0]), Some(Binary::from(b"hi".to_vec())));
}

#[test]
fn keeps_integers_and_doubles_exactly() {
    let numbers = r"[9007199254740991,-9007199254740991,0,0.1,1e308,5e-324,-0.5,123456789.12345679]";
    let decoded = decode(&format!(r#"{{"type":"ack","id":0,"args":{numbers}}}"#));
    let Decoded::Namespace { frame: NamespaceFrame::Ack { args, .. }, .. } = decoded else { panic!("{decoded:?}") };
    assert_eq!((args[0].as_i64(), args[1].as_i64()), (Some(9_007_199_254_740_991), Some(-9_007_199_254_740_991)));
    let doubles: Vec<f64> = args[3..].iter().filter_map(Value::as_f64).collect();
    assert_eq!(doubles, [0.1, 1e308, 5e-324, -0.5, 123_456_789.123_456_79]);
    let text = ClientFrame::Ack { ns: "/", id: 0, args: &args }.encode();
    assert_eq!(decode(&text), decode(&format!(r#"{{"type":"ack","id":0,"args":{numbers}}}"#)));
}

#[test]
fn takes_numbers_of_the_protocol_however_they_are_written() {
    let text = r#"{"type":"connected","sid":"s","pingInterval":25e3,"pingTimeout":20000.0,"maxPayload":1e6}"#;
    let Decoded::Namespace { frame: NamespaceFrame::Connected(frame), .. } = decode(text) else { panic!("refused") };
    assert_eq!((frame.ping_interval, frame.ping_timeout, frame.max_payload), (25_000, 20_000, 1_000_000));
}

#[test]
fn says_of_a_malformed_frame_what_is_wrong() {
    for text in [
        "",
        "hello",
        "[]",
        "null",
        r#"{"type":"pong"}{}"#,
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"event","args":[]}"#,
        r#"{"type":"event","event":"x"}"#,
        r#"{"type":"event","event":"x","args":{}}"#,
        r#"{"type":"event","event":"x","args":[],"id":-1}"#,
        r#"{"type":"event","event":"x","args":[],"id":9007199254740992}"#,
        r#"{"type":"event","event":"disconnect","args":[]}"#,
        r#"{"type":"event","ns":1,"event":"x","args":[]}"#,
        r#"{"type":"ack","args":[]}"#,
        r#"{"type":"ack","id":0.5,"args":[]}"#,
        r#"{"type":"connected","sid":"s","pingInterval":0,"pingTimeout":1,"maxPayload":1}"#,
        r#"{"type":"connected","sid":"s","pingInterval":18446744073709551615,"pingTimeout":1,"maxPayload":1}"#,
        r#"{"type":"connect_error"}"#,
        r#"{"type":"error","message":"m"}"#,
    ] {
        assert!(matches!(decode(text), Decoded::Malformed(_)), "{text}");
    }
}

#[test]
fn reads_what_is_nested_as_deeply_as_the_protocol_allows_and_not_without_end() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        decode(&format!(r#"{{"type":"event","event":"x","args":{open}{close}}}"#))
    };
    assert!(matches!(nested(127), Decoded::Namespace { .. }), "128 with the frame");
    assert!(matches!(nested(255), Decoded::Namespace { .. }));
    assert!(matches!(nested(256), Decoded::Malformed(_)));
    assert!(matches!(nested(1_000_000), Decoded::Malformed(_)));
}
