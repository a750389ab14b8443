import Foundation
import XCTest

@testable import Crossroom

/// The frames, against the vectors that the clients in other languages read too.
final class VectorTests: XCTestCase {
    func testServerFramesAreReadAsTheVectorsSay() throws {
        for vector in try readVectors("server-frames") {
            let name = try XCTUnwrap(vector["name"]?.string)
            let frame = ServerFrame(decoding: try XCTUnwrap(vector["text"]?.string))
            if vector["ignored"] == true {
                XCTAssertEqual(frame, .unknown, name)
            } else {
                XCTAssertEqual(frame, try expected(try XCTUnwrap(vector["frame"])), name)
            }
        }
    }

    func testClientFramesAreWrittenAsTheVectorsSay() throws {
        var written = 0
        for vector in try readVectors("client-frames") {
            guard let understood = vector["frame"], let frame = try clientFrame(understood) else { continue }
            let name = try XCTUnwrap(vector["name"]?.string)
            if name == "nested as deeply as allowed" {
                // By the server: this client keeps a distance (docs/sdk.md, 3.1).
                XCTAssertThrowsError(try frame.encoded())
                continue
            }
            var sent = try XCTUnwrap(Value(json: try frame.encoded())?.unrevived.object, name)
            // What may be left out, as the server fills it in.
            if sent["type"] != "ping" { sent["ns"] = sent["ns"] ?? "/" }
            if sent["type"] == "connect" { sent["auth"] = sent["auth"] ?? [:] }
            XCTAssertEqual(Value.object(sent), understood, name)
            written += 1
        }
        XCTAssertGreaterThan(written, 20)
    }

    func testBinaryIsToldFromWhatOnlyLooksLikeIt() throws {
        for vector in try readVectors("binary") {
            let name = try XCTUnwrap(vector["name"]?.string)
            let value = try XCTUnwrap(vector["value"])
            let text = try JSONWriter.text(of: ["type": "event", "event": "x", "args": [value]], maxBinaries: 0)
            guard case .event(_, _, let args, _, _) = ServerFrame(decoding: text) else { return XCTFail(name) }
            if let bytes = vector["bytes"]?.string {
                XCTAssertEqual(args[0].binary?.map { String(format: "%02x", $0) }.joined(), bytes, name)
            } else {
                XCTAssertNil(args[0].binary, name)
                XCTAssertEqual(args[0].unrevived, value, name)
            }
        }
    }

    func testBinaryIsSeenUnderAnEscapedKey() {
        let frame = ServerFrame(decoding: #"{"type":"event","event":"x","args":[{"\u0024binary":"aGk="}]}"#)
        XCTAssertEqual(frame, .event(ns: "/", name: "x", args: [.binary(Data("hi".utf8))], id: nil, offset: nil))
    }

    func testMalformedFramesAreValues() {
        let texts = [
            "", "hello", "[1]", "null", "{}", #"{"type":1}"#, #"{"type":"event","event":"x"}"#,
            #"{"type":"event","event":"disconnect","args":[]}"#, #"{"type":"ack","id":-1,"args":[]}"#,
            #"{"type":"ack","id":1.5,"args":[]}"#, #"{"type":"connected","sid":"x"}"#, #"{"type":"pong"}{}"#,
            String(repeating: "[", count: 100_000),
        ]
        for text in texts {
            if case .malformed = ServerFrame(decoding: text) { continue }
            XCTFail(String(text.prefix(60)))
        }
    }

    func testWhatNoFrameCanCarryIsRefused() throws {
        let eleven = [Value](repeating: .binary(Data()), count: 11)
        XCTAssertThrowsError(try ClientFrame.event(ns: "/", name: "x", args: eleven, id: nil).encoded())
        XCTAssertThrowsError(try ClientFrame.event(ns: "/", name: "x", args: [.double(.nan)], id: nil).encoded())
        XCTAssertNoThrow(try ClientFrame.event(ns: "/", name: "x", args: Array(eleven.dropLast()), id: nil).encoded())
    }

    private func expected(_ frame: Value) throws -> ServerFrame {
        let ns = frame["ns"]?.string ?? "/"
        let args = frame["args"]?.array ?? []
        switch frame["type"] {
        case "connected":
            return .connected(
                ns: ns,
                ConnectedFrame(
                    sid: try XCTUnwrap(frame["sid"]?.string), pid: frame["pid"]?.string,
                    recovered: frame["recovered"]?.bool ?? false,
                    pingInterval: try XCTUnwrap(frame["pingInterval"]?.double),
                    pingTimeout: try XCTUnwrap(frame["pingTimeout"]?.double),
                    maxPayload: Int(try XCTUnwrap(frame["maxPayload"]?.int)), rate: try rate(frame["rate"])))
        case "connect_error":
            return .connectError(ns: ns, message: try XCTUnwrap(frame["message"]?.string), data: frame["data"])
        case "event":
            let name = try XCTUnwrap(frame["event"]?.string)
            return .event(ns: ns, name: name, args: args, id: frame["id"]?.int, offset: frame["offset"]?.string)
        case "ack": return .ack(ns: ns, id: try XCTUnwrap(frame["id"]?.int), args: args)
        case "disconnect": return .disconnect(ns: ns, reason: frame["reason"]?.string)
        case "error":
            return .error(
                ns: ns, code: try XCTUnwrap(frame["code"]?.string), message: try XCTUnwrap(frame["message"]?.string),
                id: frame["id"]?.int)
        default: return .pong
        }
    }

    private func rate(_ value: Value?) throws -> Rate? {
        guard let value else { return nil }
        return Rate(
            perSecond: try XCTUnwrap(value["perSecond"]?.double), burst: try XCTUnwrap(value["burst"]?.double))
    }

    /// nil for what the client never sends: a `ping` with data.
    private func clientFrame(_ frame: Value) throws -> ClientFrame? {
        let ns = frame["ns"]?.string ?? "/"
        let args = frame["args"]?.array ?? []
        switch frame["type"] {
        case "connect":
            return .connect(
                ns: ns, auth: frame["auth"]?.object, pid: frame["pid"]?.string, offset: frame["offset"]?.string)
        case "event":
            return .event(ns: ns, name: try XCTUnwrap(frame["event"]?.string), args: args, id: frame["id"]?.int)
        case "ack": return .ack(ns: ns, id: try XCTUnwrap(frame["id"]?.int), args: args)
        case "disconnect": return .disconnect(ns: ns)
        default: return frame["data"] == nil ? .ping : nil
        }
    }
}
