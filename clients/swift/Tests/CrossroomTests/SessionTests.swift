import XCTest

@testable import Crossroom

/// The life of a connection (docs/sdk.md, 2).
final class SessionTests: XCTestCase {
    private let policy = ReconnectPolicy(minDelay: 1, maxDelay: 5, jitter: 0.5, timeout: 20)

    private func make(_ policy: ReconnectPolicy? = nil, random: Double = 0.5) -> Session {
        Session(policy: policy ?? self.policy, random: { random })
    }

    private func opened(seesPings: Bool = false, random: Double = 0.5) -> Session {
        var session = make(random: random)
        _ = session.open()
        _ = session.opened(0, seesPings: seesPings)
        _ = session.paced(interval: 1_000, timeout: 500, 0)
        return session
    }

    private let error = CrossroomError(.unreachable, "", isRetryable: true)

    private func delay(_ actions: [Session.Action]) -> Double? {
        for case .start(.retry, let milliseconds) in actions { return milliseconds }
        return nil
    }

    func testDelaysBeginAtOneSecondAndDoubleUpToFive() {
        var session = make()
        _ = session.open()
        let delays = (0..<5).map { _ -> Double? in
            defer { _ = session.expired(.retry, 0) }
            return delay(session.failed(error, isFinal: false, 0))
        }
        XCTAssertEqual(delays, [1_000, 2_000, 4_000, 5_000, 5_000])
    }

    func testDelaysAreShortenedOrLengthenedByUpToHalf() {
        XCTAssertEqual(Backoff.connection(attempt: 0, policy: policy, random: 0), 500)
        XCTAssertEqual(Backoff.connection(attempt: 0, policy: policy, random: 0.999_999), 1_499)
        XCTAssertEqual(Backoff.connection(attempt: 90, policy: policy, random: 0.5), 5_000)
    }

    func testDelaysBeginAnewOnlyAfterAConnectionThatHeld() {
        var session = opened()
        XCTAssertEqual(delay(session.lost(.init(message: ""), isFinal: false, 9_999)), 1_000)
        _ = session.expired(.retry, 10_000)
        _ = session.opened(10_000, seesPings: false)
        _ = session.paced(interval: 1_000, timeout: 500, 10_000)
        XCTAssertEqual(delay(session.lost(.init(message: ""), isFinal: false, 12_000)), 2_000)
        _ = session.expired(.retry, 12_000)
        _ = session.opened(12_000, seesPings: false)
        _ = session.paced(interval: 1_000, timeout: 500, 12_000)
        XCTAssertEqual(delay(session.lost(.init(message: ""), isFinal: false, 22_000)), 1_000)
    }

    func testAnAttemptThatTakesTooLongHasFailed() {
        var session = make()
        XCTAssertEqual(session.open(), [.start(.dial, 20_000), .dial])
        let actions = session.expired(.dial, 20_000)
        XCTAssert(actions.contains(.hangUp(abrupt: true)))
        XCTAssertEqual(delay(actions), 1_000)
    }

    func testTheServersTimeIsWaitedForWhateverHappensMeanwhile() {
        var session = make()
        _ = session.open()
        let busy = CrossroomError(.refused, "", isRetryable: true, retryAfter: 60, status: 503)
        XCTAssertEqual(delay(session.failed(busy, isFinal: false, 1_000)), 60_000)
        XCTAssertEqual(session.networkChanged(2_000), [])
        _ = session.background(3_000)
        XCTAssertEqual(session.foreground(11_000), [.start(.retry, 50_000)])
        XCTAssertEqual(session.networkChanged(61_000), [.stop(.retry), .start(.dial, 20_000), .dial])
    }

    func testAFinalFailureIsNotTriedAgain() {
        var session = make()
        _ = session.open()
        let actions = session.failed(error, isFinal: true, 0)
        XCTAssertEqual(actions.last, .tellFailed(error.asFinal, isFinal: true))
        XCTAssertEqual(session.phase, .closed)
        XCTAssertNil(delay(actions))
    }

    func testAttemptsRunOutWhereALimitWasSet() {
        var session = make(ReconnectPolicy(maxAttempts: 1))
        _ = session.open()
        XCTAssertEqual(session.failed(error, isFinal: false, 0).last, .tellFailed(error, isFinal: false))
        _ = session.expired(.retry, 0)
        XCTAssertEqual(session.failed(error, isFinal: false, 0).last, .tellFailed(error.asFinal, isFinal: true))
    }

    func testSilenceIsAskedAboutAndThenTakenForDeath() {
        var session = opened()
        XCTAssertEqual(session.expired(.heartbeat, 1_000), [.ping, .start(.heartbeat, 500)])
        XCTAssertFalse(session.hasExpired(1_400))
        XCTAssert(session.hasExpired(1_500))
        XCTAssert(session.expired(.heartbeat, 1_500).contains(.hangUp(abrupt: true)))
        XCTAssertEqual(session.phase, .waiting)
    }

    func testASignOfLifePutsTheHeartbeatOff() {
        var session = opened()
        session.heard(600)
        XCTAssertEqual(session.expired(.heartbeat, 1_000), [.start(.heartbeat, 600)])
        XCTAssertEqual(session.expired(.heartbeat, 1_600), [.ping, .start(.heartbeat, 500)])
        session.heard(1_700)
        XCTAssertEqual(session.expired(.heartbeat, 2_100), [.start(.heartbeat, 600)])
    }

    func testWherePingsAreSeenTheirAbsenceIsDeath() {
        var session = opened(seesPings: true)
        XCTAssertEqual(session.expired(.heartbeat, 1_000), [.start(.heartbeat, 500)])
        XCTAssert(session.expired(.heartbeat, 1_500).contains(.hangUp(abrupt: true)))
    }

    func testANetworkChangeEndsTheWaiting() {
        var session = make()
        _ = session.open()
        _ = session.failed(error, isFinal: false, 0)
        XCTAssertEqual(session.networkChanged(0), [.stop(.retry), .start(.dial, 20_000), .dial])
    }

    func testANetworkChangeProbesAnOpenConnection() {
        var session = opened()
        XCTAssertEqual(session.networkChanged(100), [.ping, .start(.probe, 5_000)])
        session.heard(200)
        XCTAssertEqual(session.expired(.probe, 5_100), [])
        _ = session.networkChanged(6_000)
        XCTAssertEqual(session.networkChanged(7_000), [])
        XCTAssert(session.expired(.probe, 11_000).contains(.hangUp(abrupt: true)))
    }

    func testInTheBackgroundThereIsNoConnectionAndNoAttempt() {
        var session = opened()
        let actions = session.background(100)
        XCTAssert(actions.contains(.hangUp(abrupt: false)))
        XCTAssertEqual(actions.last, .tellLost(.init(message: "The app went to the background."), isFinal: false))
        XCTAssertEqual(session.networkChanged(200) + session.expired(.retry, 200) + session.open(), [])
        XCTAssertEqual(session.foreground(300), [.start(.dial, 20_000), .dial])
    }

    func testWhatIsWantedInTheBackgroundIsMadeInTheForeground() {
        var session = make()
        XCTAssertEqual(session.background(0) + session.open(), [])
        XCTAssertEqual(session.foreground(1), [.start(.dial, 20_000), .dial])
    }

    func testCloseStopsEverythingInEveryPhase() {
        var opening = make()
        _ = opening.open()
        var waiting = make()
        _ = waiting.open()
        _ = waiting.failed(error, isFinal: false, 0)
        for var session in [opening, waiting, opened()] {
            let actions = session.close()
            for timer in Session.Timer.allCases { XCTAssert(actions.contains(.stop(timer))) }
            XCTAssert(actions.contains(.hangUp(abrupt: false)))
            XCTAssertEqual(session.phase, .closed)
            XCTAssertEqual(session.close(), [])
        }
    }

    func testCloseCodesAreObeyed() throws {
        // The table of PROTOCOL.md, 8.1.
        let text = try readText(repository.appendingPathComponent("PROTOCOL.md"))
        let table = text.components(separatedBy: "<!-- table: close codes -->")[1].components(separatedBy: "<!-- end -->")[0]
        let rows = table.split(separator: "\n").map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        var count = 0
        for row in rows {
            guard let code = row.first.flatMap({ Int($0) }) else { continue }
            XCTAssertEqual(CloseCodes.mayReconnect(code), row.contains("yes"), "\(code)")
            count += 1
        }
        XCTAssertGreaterThan(count, 15)
        for code in [1001, 1011, 3000, 4500, 4999] { XCTAssert(CloseCodes.mayReconnect(code), "\(code)") }
        for code in [4001, 4499] { XCTAssertFalse(CloseCodes.mayReconnect(code), "\(code)") }
    }
}
