import XCTest

@testable import Crossroom

/// Tests of a session over HTTP as a state machine (PROTOCOL.md, 12), without a network.
class HTTPSessionTestCase: XCTestCase {
    typealias Effect = HTTPSession.Effect

    let json: Value = [
        "session": "n1.secret", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 1_000, "resumeTimeout": 20_000,
    ]

    func make(isStreaming: Bool = true, mayPoll: Bool = true) throws -> HTTPSession {
        let terms = try XCTUnwrap(HTTPSessionTerms(json))
        return HTTPSession(terms, isStreaming: isStreaming, mayPoll: mayPoll, maxMessageSize: 10_000, random: { 0.999_999 })
    }

    /// With a GET under way, number 1, which has brought `open`.
    func opened(isStreaming: Bool = true, mayPoll: Bool = true) throws -> HTTPSession {
        var session = try make(isStreaming: isStreaming, mayPoll: mayPoll)
        _ = session.start(0)
        _ = session.readBytes(1, open(0), 0)
        return session
    }

    func open(_ next: Int) -> [UInt8] { Array("event: open\ndata: {\"next\":\(next)}\n\n".utf8) }

    func frame(_ text: String) -> [UInt8] { Array("data: \(text)\n\n".utf8) }

    let ping = Array("event: ping\ndata: {}\n\n".utf8)

    func received(_ count: Int) -> HTTPAnswer { HTTPAnswer(status: 200, json: ["received": .int(Int64(count))]) }

    func error(_ status: Int, _ code: String, _ more: [String: Value] = [:]) -> HTTPAnswer {
        HTTPAnswer(status: status, json: ["error": .object(["code": .string(code), "message": "no"].merging(more) { $1 })])
    }

    func stream(_ number: Int, ack: Int = 0) -> Effect { .read(number: number, ack: ack, isStream: true, wait: nil) }

    func poll(_ number: Int, ack: Int = 0, wait: Int? = nil) -> Effect {
        .read(number: number, ack: ack, isStream: false, wait: wait)
    }

    func lines(_ effects: [Effect]) -> [String]? {
        for case .post(_, _, _, let lines) in effects { return lines }
        return nil
    }

    func failure(_ effects: [Effect]) -> TransportFailure? {
        for case .end(let failure) in effects { return failure }
        return nil
    }

    let pingFrame = #"{"type":"ping"}"#
}
