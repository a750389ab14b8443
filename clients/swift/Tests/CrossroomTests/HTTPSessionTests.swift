import XCTest

@testable import Crossroom

/// How a session over HTTP begins and ends (PROTOCOL.md, 12.2 and 12.8 to 12.11).
final class HTTPSessionTests: HTTPSessionTestCase {
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

    func testTheTimeOfAStreamThatEndedRunsFromItsEnd() throws {
        var session = try make(mayPoll: false)
        _ = session.start(0)
        _ = session.readBytes(1, open(0) + ping, 0)
        _ = session.postAnswered(1, received(0), 0)
        _ = session.readEnded(1, 40_000)
        _ = session.readRefused(2, HTTPAnswer(status: 503, retryAfter: 60), 40_000)
        XCTAssertEqual(session.tick(59_999), [])
        XCTAssertNotNil(failure(session.tick(60_000)))
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
