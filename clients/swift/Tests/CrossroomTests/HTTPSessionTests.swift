import XCTest

@testable import Crossroom

/// A session over HTTP as a state machine (PROTOCOL.md, 12), without a network.
final class HTTPSessionTests: XCTestCase {
    private typealias Effect = HTTPSession.Effect

    private let json: Value = [
        "session": "n1.secret", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 1_000, "resumeTimeout": 20_000,
    ]

    private func make(isStreaming: Bool = true, mayPoll: Bool = true) throws -> HTTPSession {
        let terms = try XCTUnwrap(HTTPSessionTerms(json))
        return HTTPSession(terms, isStreaming: isStreaming, mayPoll: mayPoll, maxMessageSize: 10_000, random: { 0.999_999 })
    }

    /// With a GET under way, number 1, which has brought `open`.
    private func opened(isStreaming: Bool = true, mayPoll: Bool = true) throws -> HTTPSession {
        var session = try make(isStreaming: isStreaming, mayPoll: mayPoll)
        _ = session.start(0)
        _ = session.readBytes(1, open(0), 0)
        return session
    }

    private func open(_ next: Int) -> [UInt8] { Array("event: open\ndata: {\"next\":\(next)}\n\n".utf8) }

    private func frame(_ text: String) -> [UInt8] { Array("data: \(text)\n\n".utf8) }

    private let ping = Array("event: ping\ndata: {}\n\n".utf8)

    private func received(_ count: Int) -> HTTPAnswer { HTTPAnswer(status: 200, json: ["received": .int(Int64(count))]) }

    private func error(_ status: Int, _ code: String, _ more: [String: Value] = [:]) -> HTTPAnswer {
        HTTPAnswer(status: status, json: ["error": .object(["code": .string(code), "message": "no"].merging(more) { $1 })])
    }

    private func stream(_ number: Int, ack: Int = 0) -> Effect { .read(number: number, ack: ack, isStream: true, wait: nil) }

    private func poll(_ number: Int, ack: Int = 0, wait: Int? = nil) -> Effect {
        .read(number: number, ack: ack, isStream: false, wait: wait)
    }

    private func lines(_ effects: [Effect]) -> [String]? {
        for case .post(_, _, _, let lines) in effects { return lines }
        return nil
    }

    private func failure(_ effects: [Effect]) -> TransportFailure? {
        for case .end(let failure) in effects { return failure }
        return nil
    }

    private let pingFrame = #"{"type":"ping"}"#

    // Opening.

    func testTermsAreThoseOfTheServerAndAnythingElseIsNoOpening() throws {
        let terms = try XCTUnwrap(HTTPSessionTerms(json))
        XCTAssertEqual(terms.session, "n1.secret")
        XCTAssertEqual(terms.maxPayload, 1_000)
        XCTAssertNil(HTTPSessionTerms(nil))
        for (field, value) in [("session", ""), ("session", "a b"), ("session", "a\r\nb"), ("pingTimeout", 0), ("maxPayload", "x")]
            as [(String, Value)]
        {
            XCTAssertNil(HTTPSessionTerms(.object((json.object ?? [:]).merging([field: value]) { $1 })), field)
        }
        XCTAssertNil(
            HTTPSessionTerms(.object((json.object ?? [:]).merging(["session": .string(String(repeating: "a", count: 129))]) { $1 })))
    }

    // Reading.

    func testFramesAreDeliveredAndThoseThatCameBeforeAreSkipped() throws {
        var session = try make()
        XCTAssertEqual(session.start(0), [stream(1)])
        XCTAssertEqual(session.readBytes(1, open(0) + frame("a") + frame("b"), 1), [.heard, .deliver("a"), .deliver("b")])
        XCTAssertEqual(session.readEnded(1, 600), [stream(2, ack: 2)])
        XCTAssertEqual(session.readBytes(2, open(1) + frame("b") + frame("c"), 601), [.heard, .deliver("c")])
    }

    func testWhatAnAnswerEndsInTheMiddleOfComesWithTheNext() throws {
        var session = try opened()
        XCTAssertEqual(session.readBytes(1, frame("a") + Array("data: b\n".utf8), 1), [.heard, .deliver("a")])
        XCTAssertEqual(session.readEnded(1, 2), [stream(2, ack: 1)])
        XCTAssertEqual(session.readBytes(2, open(1) + frame("b"), 3), [.heard, .deliver("b")])
    }

    func testWhatComesOfAGetThatWasGivenUpIsIgnored() throws {
        var session = try opened()
        _ = session.readEnded(1, 600)
        XCTAssertEqual(session.readBytes(1, frame("a"), 601), [])
        XCTAssertEqual(session.readEnded(1, 601), [])
    }

    func testAnAnswerThatDoesNotBeginWithOpenIsNone() throws {
        for bytes in [frame("a"), open(5), Array("event: open\ndata: {}\n\n".utf8), Array("event: open\ndata: {\"next\":-1}\n\n".utf8)] {
            var session = try make()
            _ = session.start(0)
            // The first time again at once, then after half a second.
            XCTAssertEqual(session.readBytes(1, bytes, 1), [.endRead, stream(2)])
            XCTAssertEqual(session.readBytes(2, bytes, 2), [.endRead])
            XCTAssertEqual(session.tick(501), [stream(3)])
        }
    }

    func testUnknownEventsAreIgnored() throws {
        var session = try opened()
        XCTAssertEqual(session.readBytes(1, Array("event: news\ndata: {}\n\n: text\n".utf8) + frame("a"), 1), [.heard, .deliver("a")])
    }

    func testCloseEndsItWithItsCode() throws {
        var session = try opened()
        let effects = session.readBytes(
            1, frame("a") + Array("event: close\ndata: {\"code\":4501,\"reason\":\"server_shutdown\"}\n\n".utf8), 1)
        XCTAssertEqual(effects, [.heard, .deliver("a"), .endRead, .endPost, .end(TransportFailure("server_shutdown", closeCode: 4501))])
        XCTAssertNil(session.nextDeadline)
        XCTAssertEqual(session.send(["x"], 2), [])
    }

    func testPollsFollowEachOther() throws {
        var session = try make(isStreaming: false)
        XCTAssertEqual(session.start(0), [poll(1)])
        _ = session.readBytes(1, open(0) + frame("a"), 25_000)
        XCTAssertEqual(session.readEnded(1, 25_000), [poll(2, ack: 1)])
    }

    func testReadsThatSomethingEndsAtOnceWithNothingAreNoLoop() throws {
        var session = try opened(isStreaming: false)
        XCTAssertEqual(session.readEnded(1, 10), [])
        XCTAssertEqual(session.nextDeadline, 500)
        XCTAssertEqual(session.tick(500), [poll(2)])
    }

    func testAPollHasItsTimeAndThePatienceOfTheServer() throws {
        var session = try make(isStreaming: false)
        _ = session.start(0)
        XCTAssertEqual(session.nextDeadline, 70_000)
        // After a failure a sign of life is asked for.
        XCTAssertEqual(session.tick(70_000), [.endRead, poll(2, wait: 0)])
        XCTAssertEqual(session.readBytes(2, open(0), 70_010), [.heard])
        XCTAssertEqual(session.readEnded(2, 70_010), [poll(3)])
    }

    func testNothingIsReadWhileTooMuchWaitsForTheReader() throws {
        var session = try opened(isStreaming: false)
        session.pause()
        XCTAssertEqual(session.readBytes(1, frame("a"), 1), [.heard, .deliver("a")])
        XCTAssertEqual(session.readEnded(1, 1), [])
        XCTAssertNil(session.nextDeadline)
        XCTAssertEqual(session.resume(2), [poll(2, ack: 1)])
    }

    // A stream that is held up.

    func testAStreamThatDoesNotOpenBecomesPolls() throws {
        var session = try make()
        _ = session.start(0)
        XCTAssertEqual(session.nextDeadline, 3_000)
        XCTAssertEqual(session.tick(3_000), [.endRead, .changedToPolling, poll(2, wait: 0)])
        XCTAssertEqual(session.readBytes(2, open(0), 3_010), [.heard, .pollingWorks])
        // It is not told again, and there is no other stream.
        XCTAssertEqual(session.readEnded(2, 3_020), [poll(3)])
        XCTAssertEqual(session.readBytes(3, open(0), 4_000), [.heard])
    }

    func testAStreamWithoutThePongBecomesPolls() throws {
        var session = try opened()
        XCTAssertEqual(lines(session.send(["a"], 10)), ["a", pingFrame])
        _ = session.postAnswered(1, received(2), 20)
        XCTAssertEqual(session.nextDeadline, 3_020)
        XCTAssertEqual(session.tick(3_020), [.endRead, .changedToPolling, poll(2)])
    }

    func testAPongInTimeKeepsTheStreamThoughItCameBeforeTheAnswer() throws {
        var session = try opened()
        _ = session.send(["a"], 10)
        XCTAssertEqual(session.readBytes(1, frame(#"{"type":"pong"}"#), 15), [.heard, .deliver(#"{"type":"pong"}"#)])
        _ = session.postAnswered(1, received(2), 20)
        XCTAssertEqual(session.nextDeadline, 10_000)
    }

    func testAStreamWithoutPingsBecomesPolls() throws {
        var session = try opened()
        XCTAssertEqual(session.nextDeadline, 10_000)
        XCTAssertEqual(session.readBytes(1, ping, 5_000).prefix(1), [.heard])
        _ = session.postAnswered(1, received(0), 5_010)
        // Something comes, but no ping.
        _ = session.readBytes(1, frame("a"), 40_000)
        XCTAssertEqual(session.tick(50_000), [.endRead, .changedToPolling, poll(2, ack: 1)])
    }

    func testAStreamThatIsHeldUpEndsTheSessionWherePollingIsTurnedOff() throws {
        var session = try make(mayPoll: false)
        _ = session.start(0)
        let failure = try XCTUnwrap(failure(session.tick(3_000)))
        XCTAssertNil(failure.closeCode)
        XCTAssertNil(failure.status)
    }

    func testASilentStreamIsReadAnewAndSoIsOneOfAMachineThatSlept() throws {
        var session = try opened()
        _ = session.readBytes(1, ping, 5_000)
        _ = session.postAnswered(1, received(0), 5_010)
        XCTAssertEqual(session.tick(50_000), [.endRead, stream(2)])
        var slept = try opened()
        XCTAssertEqual(slept.tick(3_600_000), [.endRead, stream(2)])
    }

    // Sending.

    func testWhatIsSentWhileAPostIsUnderWayGoesIntoTheNext() throws {
        var session = try opened(isStreaming: false)
        XCTAssertEqual(session.send(["a"], 1), [.post(number: 1, seq: 0, ack: 0, lines: ["a"])])
        XCTAssertEqual(session.send(["b"], 2), [])
        XCTAssertEqual(session.send(["c"], 3), [])
        XCTAssertEqual(
            session.postAnswered(1, received(1), 4), [.heard, .accepted(1), .post(number: 2, seq: 1, ack: 0, lines: ["b", "c"])])
        XCTAssertEqual(session.postAnswered(2, received(3), 5), [.heard, .accepted(2)])
    }

    func testThePingOfTheFirstPostIsNotCountedForWhoSends() throws {
        var session = try opened()
        XCTAssertEqual(session.send(["a"], 1), [.post(number: 1, seq: 0, ack: 0, lines: ["a", pingFrame])])
        XCTAssertEqual(session.postAnswered(1, received(2), 2), [.heard, .accepted(1)])
        XCTAssertEqual(session.send(["b"], 3), [.post(number: 2, seq: 2, ack: 0, lines: ["b"])])
    }

    func testABodyIsNoLargerThanTheServerTakesUnlessOneLineIs() throws {
        var session = try opened(isStreaming: false)
        let line = String(repeating: "x", count: 499)
        XCTAssertEqual(lines(session.send([line, line, "y"], 1)), [line, line])
        XCTAssertEqual(lines(session.postAnswered(1, received(2), 2)), ["y"])
        let large = String(repeating: "x", count: 2_000)
        _ = session.postAnswered(2, received(3), 3)
        XCTAssertEqual(lines(session.send([large, "z"], 4)), [large])
    }

    func testAPostWithoutAnAnswerIsSentAgainUnderTheSameNumbers() throws {
        var session = try opened(isStreaming: false)
        _ = session.send(["a"], 0)
        _ = session.send(["b"], 0)
        XCTAssertEqual(session.postFailed(1, 100), [.post(number: 2, seq: 0, ack: 0, lines: ["a", "b"])])
        XCTAssertEqual(session.postFailed(2, 200), [])
        XCTAssertEqual(session.tick(699), [.post(number: 3, seq: 0, ack: 0, lines: ["a", "b"])])
        // Of the first one the answer was lost.
        XCTAssertEqual(session.postAnswered(3, received(2), 700), [.heard, .accepted(2)])
    }

    func testABusyServerIsAskedAgainNotSoonerThanItSays() throws {
        for status in [408, 421, 425, 429, 500, 502, 503] {
            var session = try opened(isStreaming: false)
            _ = session.send(["a"], 0)
            XCTAssertEqual(lines(session.postAnswered(1, HTTPAnswer(status: status), 0)), ["a"], "\(status)")
            XCTAssertEqual(session.postAnswered(2, HTTPAnswer(status: status, retryAfter: 7), 0), [])
            XCTAssertEqual(session.tick(6_999), [])
            XCTAssertEqual(lines(session.tick(7_000)), ["a"])
        }
    }

    func testAnAnswerThatCannotBeIsNone() throws {
        for answer in [received(2), HTTPAnswer(status: 200), HTTPAnswer(status: 200, json: ["received": -1]), HTTPAnswer(status: 204)] {
            var session = try opened(isStreaming: false)
            _ = session.send(["a"], 0)
            XCTAssertEqual(lines(session.postAnswered(1, answer, 1)), ["a"])
        }
    }

    func testLinesThatAreMissingAreSentAgain() throws {
        var session = try opened(isStreaming: false)
        _ = session.send(["a", "b", "c"], 0)
        let effects = session.postAnswered(1, error(409, "out_of_order", ["received": 1]), 1)
        XCTAssertEqual(effects, [.accepted(1), .post(number: 2, seq: 1, ack: 0, lines: ["b", "c"])])
        XCTAssertEqual(lines(session.postAnswered(2, error(409, "superseded"), 2)), nil)
        XCTAssertEqual(lines(session.tick(502)), ["b", "c"])
        _ = session.postAnswered(3, received(3), 503)
        _ = session.send(["d"], 504)
        XCTAssertNotNil(failure(session.postAnswered(4, error(409, "out_of_order", ["received": 1]), 505)))
    }

    func testPingsAreAnsweredWithAPost() throws {
        var session = try opened()
        XCTAssertEqual(session.readBytes(1, ping, 5_000), [.heard, .heard, .post(number: 1, seq: nil, ack: 0, lines: [])])
        // One is under way: the next one waits for it.
        XCTAssertEqual(session.readBytes(1, ping, 5_001), [.heard, .heard])
        XCTAssertEqual(session.postAnswered(1, received(0), 5_002), [.heard, .post(number: 2, seq: nil, ack: 0, lines: [])])
    }

    func testMuchThatWasReceivedIsAcked() throws {
        var session = try opened()
        let large = String(repeating: "x", count: 9_000)
        var posts = 0
        for index in 0..<60 {
            for case .post(let number, _, let ack, _) in session.readBytes(1, frame(large), 1) {
                posts += 1
                XCTAssertEqual(ack, index + 1)
                _ = session.postAnswered(number, received(0), 1)
            }
        }
        XCTAssertEqual(posts, 2)
    }

    // Ends.

    func testAServerThatDoesNotKnowTheSessionEndsIt() throws {
        var session = try opened()
        _ = session.send(["a"], 0)
        let end = try XCTUnwrap(failure(session.postAnswered(1, error(404, "unknown_session"), 1)))
        XCTAssertNil(end.closeCode)
        XCTAssertNil(end.status)
        var reading = try opened()
        _ = reading.readEnded(1, 600)
        XCTAssertNotNil(failure(reading.readRefused(2, error(404, "unknown_session"), 601)))
    }

    func testAClosedSessionEndsWithItsCodeAfterTheLastFrames() throws {
        let closed = error(410, "closed", ["close": ["code": 4503, "reason": "slow_reader"]])
        var session = try opened()
        _ = session.send(["a"], 0)
        XCTAssertEqual(session.postAnswered(1, closed, 1), [])
        XCTAssertEqual(session.readBytes(1, frame("last"), 2), [.heard, .deliver("last")])
        XCTAssertEqual(failure(session.tick(1_001)), TransportFailure("slow_reader", closeCode: 4503))
        var asked = try opened()
        _ = asked.readEnded(1, 600)
        XCTAssertEqual(failure(asked.readRefused(2, closed, 601)), TransportFailure("slow_reader", closeCode: 4503))
    }

    func testWhatCannotBeResumedIsLeft() throws {
        var session = try opened()
        _ = session.readEnded(1, 600)
        let effects = session.readRefused(2, error(410, "cannot_resume"), 601)
        XCTAssertEqual(effects.first, .delete)
        XCTAssertNil(try XCTUnwrap(failure(effects)).closeCode)
    }

    func testABodyThatIsTooLargeIsTheCodeOfAMessageThatIs() throws {
        for answer in [error(413, "message_too_big"), HTTPAnswer(status: 413)] {
            var session = try opened()
            _ = session.send(["a"], 0)
            _ = session.postAnswered(1, answer, 1)
            XCTAssertEqual(failure(session.tick(1_001))?.closeCode, 1009)
        }
    }

    func testWhoIsNotLetThroughAnyMoreIsRefused() throws {
        for status in [301, 400, 401, 403, 405, 407, 411, 418] {
            var session = try opened()
            _ = session.readEnded(1, 600)
            XCTAssertEqual(failure(session.readRefused(2, HTTPAnswer(status: status), 601))?.status, status)
        }
    }

    func testASessionThatIsNotAnsweredIsGivenUp() throws {
        var session = try opened(isStreaming: false)
        var now = 600.0
        var number = 1
        var end: TransportFailure?
        var pending = session.readEnded(1, now)
        while end == nil, now < 100_000 {
            for case .read(let next, _, _, _) in pending {
                number = next
                pending = session.readEnded(number, now)
                end = end ?? failure(pending)
            }
            guard let next = session.nextDeadline else { break }
            now = next
            pending = session.tick(now)
            end = end ?? failure(pending)
        }
        XCTAssertEqual(now, 20_600)
        XCTAssertNil(try XCTUnwrap(end).closeCode)
    }

    func testASignOfLifeKeepsIt() throws {
        var session = try opened()
        _ = session.send(["a"], 0)
        _ = session.postFailed(1, 0)
        _ = session.postFailed(2, 0)
        _ = session.readBytes(1, [58], 15_000)
        XCTAssertNil(failure(session.tick(20_000)))
    }

    func testLeavingIsADelete() throws {
        var session = try opened()
        XCTAssertEqual(session.leave(), [.endRead, .endPost, .delete])
        XCTAssertEqual(session.leave(), [])
        XCTAssertNil(session.nextDeadline)
    }

    func testAnotherNetworkHasEverythingAskedAnewAtOnce() throws {
        var session = try opened()
        _ = session.send(["a"], 0)
        let effects = session.networkChanged(10)
        XCTAssertEqual(effects.first, .renewConnections)
        XCTAssert(effects.contains(.endPost) && effects.contains(.endRead) && effects.contains(stream(2)))
        XCTAssertEqual(lines(effects), ["a", pingFrame])
    }
}
