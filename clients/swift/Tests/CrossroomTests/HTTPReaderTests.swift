import XCTest

@testable import Crossroom

/// What a session over HTTP reads (PROTOCOL.md, 12.4, 12.5, 12.13 and 12.18).
final class HTTPReaderTests: HTTPSessionTestCase {
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
}
