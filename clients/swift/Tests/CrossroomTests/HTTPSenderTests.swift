import XCTest

@testable import Crossroom

/// What a session over HTTP sends (PROTOCOL.md, 12.6 and 12.7).
final class HTTPSenderTests: HTTPSessionTestCase {
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
}
