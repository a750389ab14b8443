import XCTest

@testable import Crossroom

/// The life of a connection (docs/sdk.md, 2).
final class LifecycleTests: XCTestCase {
    private let options = ReconnectOptions(minDelay: 1, maxDelay: 5, jitter: 0.5, timeout: 20)

    private func make(_ options: ReconnectOptions? = nil, random: Double = 0.5) -> Lifecycle {
        Lifecycle(options: options ?? self.options, random: { random })
    }

    private func opened(_ heartbeat: Lifecycle.Heartbeat = .pingsUnseen, random: Double = 0.5) -> Lifecycle {
        var lifecycle = make(random: random)
        _ = lifecycle.open()
        _ = lifecycle.opened(0, heartbeat)
        _ = lifecycle.accepted(interval: 1_000, timeout: 500, 0)
        return lifecycle
    }

    private let error = CrossroomError(.unreachable, "", isRetryable: true)

    private func delay(_ effects: [Lifecycle.Effect]) -> Double? {
        for case .start(.retry, let milliseconds) in effects { return milliseconds }
        return nil
    }

    func testDelaysBeginAtOneSecondAndDoubleUpToFive() {
        var lifecycle = make()
        _ = lifecycle.open()
        let delays = (0..<5).map { _ -> Double? in
            defer { _ = lifecycle.expired(.retry, 0) }
            return delay(lifecycle.failed(error, isFinal: false, 0))
        }
        XCTAssertEqual(delays, [1_000, 2_000, 4_000, 5_000, 5_000])
    }

    func testDelaysAreShortenedOrLengthenedByUpToHalf() {
        XCTAssertEqual(Backoff.connection(attempt: 0, options: options, random: 0), 500)
        XCTAssertEqual(Backoff.connection(attempt: 0, options: options, random: 0.999_999), 1_499)
        XCTAssertEqual(Backoff.connection(attempt: 90, options: options, random: 0.5), 5_000)
    }

    func testDelaysBeginAnewOnlyAfterAConnectionThatHeld() {
        var lifecycle = opened()
        XCTAssertEqual(delay(lifecycle.lost(.init(message: ""), isFinal: false, 9_999)), 1_000)
        _ = lifecycle.expired(.retry, 10_000)
        _ = lifecycle.opened(10_000, .pingsUnseen)
        _ = lifecycle.accepted(interval: 1_000, timeout: 500, 10_000)
        XCTAssertEqual(delay(lifecycle.lost(.init(message: ""), isFinal: false, 12_000)), 2_000)
        _ = lifecycle.expired(.retry, 12_000)
        _ = lifecycle.opened(12_000, .pingsUnseen)
        _ = lifecycle.accepted(interval: 1_000, timeout: 500, 12_000)
        XCTAssertEqual(delay(lifecycle.lost(.init(message: ""), isFinal: false, 22_000)), 1_000)
    }

    func testAnAttemptThatTakesTooLongHasFailed() {
        var lifecycle = make()
        XCTAssertEqual(lifecycle.open(), [.start(.dial, 20_000), .dial])
        let effects = lifecycle.expired(.dial, 20_000)
        XCTAssert(effects.contains(.hangUp(abrupt: true)))
        XCTAssertEqual(delay(effects), 1_000)
    }

    func testTheServersTimeIsWaitedForWhateverHappensMeanwhile() {
        var lifecycle = make()
        _ = lifecycle.open()
        let busy = CrossroomError(.refused, "", isRetryable: true, retryAfter: 60, status: 503)
        XCTAssertEqual(delay(lifecycle.failed(busy, isFinal: false, 1_000)), 61_000)
        XCTAssertEqual(lifecycle.networkChanged(2_000), [])
        _ = lifecycle.background(3_000)
        XCTAssertEqual(lifecycle.foreground(11_000), [.start(.retry, 50_000)])
        XCTAssertEqual(lifecycle.networkChanged(61_000), [.stop(.retry), .start(.dial, 20_000), .dial])
    }

    func testOthersWhoWereToldTheSameTimeComeBackAtAnother() {
        let busy = CrossroomError(.refused, "", isRetryable: true, retryAfter: 60, status: 503)
        for (random, expected) in [(0.0, 60_500.0), (0.5, 61_000.0)] {
            var lifecycle = make(random: random)
            _ = lifecycle.open()
            XCTAssertEqual(delay(lifecycle.failed(busy, isFinal: false, 0)), expected)
        }
    }

    func testAFinalFailureIsNotTriedAgain() {
        var lifecycle = make()
        _ = lifecycle.open()
        let effects = lifecycle.failed(error, isFinal: true, 0)
        XCTAssertEqual(effects.last, .announceFailed(error.asFinal, isFinal: true))
        XCTAssertEqual(lifecycle.phase, .closed)
        XCTAssertNil(delay(effects))
    }

    func testAttemptsRunOutWhereALimitWasSet() {
        var lifecycle = make(ReconnectOptions(maxAttempts: 1))
        _ = lifecycle.open()
        XCTAssertEqual(lifecycle.failed(error, isFinal: false, 0).last, .announceFailed(error, isFinal: false))
        _ = lifecycle.expired(.retry, 0)
        XCTAssertEqual(lifecycle.failed(error, isFinal: false, 0).last, .announceFailed(error.asFinal, isFinal: true))
    }

    func testSilenceIsAskedAboutAndThenTakenForDeath() {
        var lifecycle = opened()
        XCTAssertEqual(lifecycle.expired(.heartbeat, 1_000), [.ping, .start(.heartbeat, 500)])
        XCTAssertFalse(lifecycle.hasExpired(1_400))
        XCTAssert(lifecycle.hasExpired(1_500))
        XCTAssert(lifecycle.expired(.heartbeat, 1_500).contains(.hangUp(abrupt: true)))
        XCTAssertEqual(lifecycle.phase, .waiting)
    }

    func testASignOfLifePutsTheHeartbeatOff() {
        var lifecycle = opened()
        lifecycle.heard(600)
        XCTAssertEqual(lifecycle.expired(.heartbeat, 1_000), [.start(.heartbeat, 600)])
        XCTAssertEqual(lifecycle.expired(.heartbeat, 1_600), [.ping, .start(.heartbeat, 500)])
        lifecycle.heard(1_700)
        XCTAssertEqual(lifecycle.expired(.heartbeat, 2_100), [.start(.heartbeat, 600)])
    }

    func testWherePingsAreSeenTheirAbsenceIsDeath() {
        var lifecycle = opened(.pingsSeen)
        XCTAssertEqual(lifecycle.expired(.heartbeat, 1_000), [.start(.heartbeat, 500)])
        XCTAssert(lifecycle.expired(.heartbeat, 1_500).contains(.hangUp(abrupt: true)))
    }

    func testANetworkChangeEndsTheWaiting() {
        var lifecycle = make()
        _ = lifecycle.open()
        _ = lifecycle.failed(error, isFinal: false, 0)
        XCTAssertEqual(lifecycle.networkChanged(0), [.stop(.retry), .start(.dial, 20_000), .dial])
    }

    func testANetworkChangeProbesAnOpenConnection() {
        var lifecycle = opened()
        XCTAssertEqual(lifecycle.networkChanged(100), [.ping, .start(.probe, 5_000)])
        lifecycle.heard(200)
        XCTAssertEqual(lifecycle.expired(.probe, 5_100), [])
        _ = lifecycle.networkChanged(6_000)
        XCTAssertEqual(lifecycle.networkChanged(7_000), [])
        XCTAssert(lifecycle.expired(.probe, 11_000).contains(.hangUp(abrupt: true)))
    }

    func testInTheBackgroundThereIsNoConnectionAndNoAttempt() {
        var lifecycle = opened()
        let effects = lifecycle.background(100)
        XCTAssert(effects.contains(.hangUp(abrupt: false)))
        XCTAssertEqual(effects.last, .announceLost(.init(message: "The app went to the background."), isFinal: false))
        XCTAssertEqual(lifecycle.networkChanged(200) + lifecycle.expired(.retry, 200) + lifecycle.open(), [])
        XCTAssertEqual(lifecycle.foreground(300), [.start(.dial, 20_000), .dial])
    }

    func testWhatIsWantedInTheBackgroundIsMadeInTheForeground() {
        var lifecycle = make()
        XCTAssertEqual(lifecycle.background(0) + lifecycle.open(), [])
        XCTAssertEqual(lifecycle.foreground(1), [.start(.dial, 20_000), .dial])
    }

    func testCloseStopsEverythingInEveryPhase() {
        var opening = make()
        _ = opening.open()
        var waiting = make()
        _ = waiting.open()
        _ = waiting.failed(error, isFinal: false, 0)
        for var lifecycle in [opening, waiting, opened()] {
            let effects = lifecycle.close()
            for timer in Lifecycle.Timer.allCases { XCTAssert(effects.contains(.stop(timer))) }
            XCTAssert(effects.contains(.hangUp(abrupt: false)))
            XCTAssertEqual(lifecycle.phase, .closed)
            XCTAssertEqual(lifecycle.close(), [])
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
