import XCTest

@testable import Crossroom

/// A send queue on a clock that the test moves, and what became of its calls.
@CrossroomActor
private final class Rig {
    let clock = ManualClock()
    let queue: SendQueue
    var settled: [String] = []

    init() {
        let clock = self.clock
        queue = SendQueue(now: { clock.now }, random: { 0 })
    }

    @discardableResult
    func add(_ id: String, _ data: Value = .null) -> PendingCall {
        let pendingCall = PendingCall(name: "publish", argument: ["id": .string(id), "data": data], id: id) { [unowned self] result in
            switch result {
            case .success: settled.append(id)
            case .failure(let error): settled.append("\(id): \(error.code)")
            }
        }
        queue.add(pendingCall)
        return pendingCall
    }

    /// The id of the call that is made next, if one is.
    func next() -> String? {
        if case .call(let pendingCall) = queue.next() { return pendingCall.id }
        return nil
    }

    @discardableResult
    func done(_ outcome: CallOutcome) -> Double? {
        if case .wait(let milliseconds) = queue.done(outcome) { return milliseconds }
        return nil
    }
}

private let ok = CallOutcome.ok([:])

private func refused(_ code: ErrorCode, _ isRetryable: Bool) -> CallOutcome {
    .refused(CrossroomError(code, "", isRetryable: isRetryable))
}

/// What goes out in a send queue: publishes of a room, sends to a user (docs/sdk.md, 4.2).
final class SendQueueTests: XCTestCase, @unchecked Sendable {
    @CrossroomActor
    func testIsCalledOneByOneInOrder() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        XCTAssertEqual([rig.next(), rig.next()], ["a", nil])
        rig.done(ok)
        XCTAssertEqual([rig.next(), rig.next()], ["b", nil])
        rig.done(ok)
        XCTAssertEqual(rig.settled, ["a", "b"])
        XCTAssert(rig.queue.isEmpty)
    }

    @CrossroomActor
    func testIsCalledAgainBeforeAnythingElse() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        for outcome in [CallOutcome.lost, .timeout, .timeout, .lost] {
            XCTAssertEqual(rig.next(), "a")
            rig.done(outcome)
        }
        XCTAssertEqual(rig.settled, [])
    }

    @CrossroomActor
    func testWaitsLongerAfterEachErrorThatMayPass() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        let waits = (0..<3).map { _ -> Double? in
            XCTAssertEqual(rig.next(), "a")
            let milliseconds = rig.done(refused(.rateLimited, true))
            XCTAssertNil(rig.next())
            rig.queue.resume()
            return milliseconds
        }
        XCTAssertEqual(waits, [250, 500, 1_000])
    }

    @CrossroomActor
    func testIsRejectedByAnErrorThatStaysAndByAFullInbox() async {
        let rig = Rig()
        for id in ["a", "b", "c"] { rig.add(id) }
        _ = rig.next()
        rig.done(refused(.messageTooLarge, false))
        _ = rig.next()
        rig.done(refused(.inboxFull, true))
        XCTAssertEqual(rig.settled, ["a: message_too_large", "b: inbox_full"])
        XCTAssertEqual(rig.next(), "c")
    }

    @CrossroomActor
    func testIsDoneWhenItsMessageIsSeenThoughTheAckNeverCame() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        _ = rig.next()
        rig.done(.lost)
        rig.queue.seen(id: "a", result: [:])
        XCTAssertEqual(rig.settled, ["a"])
        XCTAssertEqual(rig.next(), "b")
    }

    @CrossroomActor
    func testKeepsItsTurnWhenItIsSeenBeforeItsAck() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        _ = rig.next()
        rig.queue.seen(id: "a", result: [:])
        XCTAssertNil(rig.next())
        rig.done(ok)
        XCTAssertEqual(rig.settled, ["a"])
        XCTAssertEqual(rig.next(), "b")
    }

    @CrossroomActor
    func testIsNotTakenForDoneBeforeItsFirstCall() async {
        let rig = Rig()
        rig.add("a")
        rig.queue.seen(id: "a", result: [:])
        XCTAssertEqual(rig.settled, [])
        XCTAssertEqual(rig.next(), "a")
    }

    @CrossroomActor
    func testIsMadeAgainForAsLongAsTheServerRemembersItsId() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        _ = rig.next()
        rig.done(.lost)
        rig.clock.now = 280_000
        XCTAssertEqual(rig.next(), "a")
        rig.done(.lost)
        rig.clock.now = 280_001
        XCTAssertEqual(rig.next(), "b")
        XCTAssertEqual(rig.settled, ["a: unconfirmed"])
    }

    @CrossroomActor
    func testMayWaitForItsFirstCallForAnyTime() async {
        let rig = Rig()
        rig.add("a")
        rig.clock.now = 3_600_000
        XCTAssertEqual(rig.next(), "a")
    }

    @CrossroomActor
    func testIsNotWaitedForWhenDropped() async {
        let rig = Rig()
        let (a, b) = (rig.add("a"), rig.add("b"))
        rig.add("c")
        _ = rig.next()
        rig.queue.drop(b)
        rig.queue.drop(a)
        XCTAssertNil(rig.next())
        rig.done(.timeout)
        XCTAssertEqual(rig.next(), "c")
        XCTAssertEqual(rig.settled, [])
    }

    @CrossroomActor
    func testALargeMessageIsTakenForTheCauseOfLostConnections() async {
        let rig = Rig()
        for (allowed, name) in [(3, "a"), (5, "b")] {
            rig.add(name)
            rig.add("\(name), the next")
            for _ in 0..<allowed {
                XCTAssertEqual(rig.next(), name)
                // Not what was lost beside it.
                rig.done(.lost)
                XCTAssertEqual(rig.next(), name)
                rig.done(.suspected(allowed: allowed))
            }
            XCTAssertEqual(rig.next(), "\(name), the next")
            rig.done(ok)
        }
        XCTAssertEqual(rig.settled, ["a: message_too_large", "a, the next", "b: message_too_large", "b, the next"])
    }

    @CrossroomActor
    func testAnAnswerClearsALargeMessageOfSuspicion() async {
        let rig = Rig()
        rig.add("a")
        for _ in 0..<10 {
            XCTAssertEqual(rig.next(), "a")
            rig.done(.suspected(allowed: 3))
            XCTAssertEqual(rig.next(), "a")
            rig.done(refused(.rateLimited, true))
            rig.queue.resume()
        }
        XCTAssertEqual(rig.settled, [])
    }

    @CrossroomActor
    func testIsNotCalledBeforeTheTimeThatTheServerAskedForWhateverHappens() async {
        let rig = Rig()
        rig.add("a")
        _ = rig.next()
        let error = CrossroomError(.rateLimited, "", isRetryable: true, retryAfter: 30)
        XCTAssertEqual(rig.done(.refused(error)), 30_000)
        rig.clock.now = 10_000
        // A new connection.
        rig.queue.resume()
        guard case .wait(let left) = rig.queue.next() else { return XCTFail("called too soon") }
        XCTAssertEqual(left, 20_000)
        rig.clock.now = 30_000
        rig.queue.resume()
        XCTAssertEqual(rig.next(), "a")
    }

    @CrossroomActor
    func testIsRejectedAllAtOnceButForWhatIsSpared() async {
        let rig = Rig()
        rig.add("a")
        rig.add("b")
        _ = rig.next()
        rig.queue.rejectAll(.aborted, sparing: true)
        XCTAssertEqual(rig.settled, ["b: aborted"])
        rig.queue.rejectAll(.closed, sparing: false)
        XCTAssertEqual(rig.settled, ["b: aborted", "a: closed"])
    }

    /// On a network that loses calls and acks, each message is in the log once and in order, and what was acked is there.
    @CrossroomActor
    func testNothingIsLostOrDoubledWhateverHappens() async {
        let ids = ["a", "b", "c", "d", "e"]
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededRandom(seed)
            let rig = Rig()
            var log: [String] = []
            for id in ids { rig.add(id) }
            for step in 0..<60 {
                rig.queue.resume()
                guard let id = rig.next() else { break }
                switch step < 50 ? Int.random(in: 0..<6, using: &random) : 5 {
                case 0: rig.done(.lost)
                case 1: rig.done(refused(.unavailable, true))
                case 2: rig.done(refused(.forbidden, false))
                case let fate:
                    if !log.contains(id) { log.append(id) }
                    rig.done([3: .lost, 4: .timeout][fate] ?? ok)
                }
            }
            XCTAssert(rig.queue.isEmpty, "seed \(seed)")
            XCTAssertEqual(rig.settled.map { String($0.prefix(1)) }.sorted(), ids, "seed \(seed)")
            XCTAssertEqual(log, ids.filter(log.contains), "seed \(seed)")
            XCTAssert(Set(rig.settled.filter { $0.count == 1 }).isSubset(of: log), "seed \(seed)")
        }
    }
}
