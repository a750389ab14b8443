import XCTest

@testable import Crossroom

/// Whether to come back (docs/sdk.md, 4.6).
final class ReconnectPolicyTests: XCTestCase {
    private func make(_ options: ReconnectOptions = ReconnectOptions()) -> ReconnectPolicy {
        ReconnectPolicy(options: options, now: { 0 }, random: { 0 })
    }

    private func short(_ decision: ReconnectPolicy.Decision) -> String {
        switch decision {
        case .wait: return "wait"
        case .end(let error): return "end: \(error.code)"
        case .reconnect(_, let forgetGuest): return forgetGuest ? "reconnect as a new guest" : "reconnect"
        }
    }

    private func refusal(_ code: ErrorCode, retryable: Bool = false) -> CrossroomError {
        let data: Value = ["code": .string(code.rawValue), "message": "m", "retryable": .bool(retryable)]
        return CrossroomError(.connectError, "m", data: data)
    }

    private func announced(_ code: ErrorCode, isActive: Bool, _ source: TokenSource) -> String {
        var policy = make()
        policy.welcomed()
        policy.endAnnounced(CrossroomError(code, ""))
        return short(policy.closed(code: nil, isActive: isActive, source: source))
    }

    func testLeavesItToTheBridgeWhereThatReconnects() {
        var policy = make()
        XCTAssertEqual(short(policy.closed(code: 1006, isActive: true, source: .none)), "wait")
    }

    func testEndsAfterCloseCodesThatSaySo() {
        let expected = [4403: "end: refused", 4400: "end: refused", 1009: "reconnect", 4000: "reconnect", 1000: "reconnect"]
        for (code, expected) in expected {
            var policy = make()
            XCTAssertEqual(short(policy.closed(code: code, isActive: false, source: .none)), expected)
        }
        var policy = make()
        XCTAssertEqual(short(policy.closed(code: nil, isActive: false, source: .none)), "reconnect")
    }

    func testAfterAnExpiredTokenItDependsOnWhereThatCameFrom() {
        let expected: [(TokenSource, String)] = [
            (.provider, "reconnect"), (.fixed, "end: token_expired"), (.guest, "reconnect as a new guest"),
            (.none, "end: token_expired"),
        ]
        for (source, decision) in expected {
            var policy = make()
            XCTAssertEqual(short(policy.refused(refusal(.tokenExpired), source: source)), decision)
            XCTAssertEqual(announced(.tokenExpired, isActive: false, source), decision)
        }
        XCTAssertEqual(announced(.tokenExpired, isActive: true, .provider), "wait")
    }

    func testARevokedTokenIsTheEnd() {
        for source in [TokenSource.provider, .fixed, .guest, .none] {
            XCTAssertEqual(announced(.tokenRevoked, isActive: true, source), "end: token_revoked")
        }
    }

    func testARefusedConnectIsTheEndUnlessItMayPass() {
        var policy = make()
        XCTAssertEqual(short(policy.refused(refusal(.forbidden), source: .provider)), "end: forbidden")
        XCTAssertEqual(short(policy.refused(refusal(.unavailable, retryable: true), source: .provider)), "reconnect")
        XCTAssertEqual(short(policy.refused(refusal(.unauthorized), source: .guest)), "reconnect as a new guest")
        XCTAssertEqual(short(policy.refused(refusal(.tokenRevoked), source: .guest)), "reconnect as a new guest")
        XCTAssertEqual(short(policy.refused(refusal(.tokenRevoked), source: .fixed)), "end: token_revoked")
        let foreign = CrossroomError(.connectError, "no", data: ["code": 1])
        XCTAssertEqual(short(policy.refused(foreign, source: .none)), "end: refused")
        for (code, decision) in [(1000, "reconnect"), (4000, "reconnect"), (4403, "end: refused")] {
            let error = CrossroomError(.refused, "closed", closeCode: code)
            XCTAssertEqual(short(policy.refused(error, source: .none)), decision)
        }
        for (status, code) in [(401, "unauthorized"), (403, "forbidden"), (400, "refused")] {
            let error = CrossroomError(.refused, "no", status: status)
            XCTAssertEqual(short(policy.refused(error, source: .none)), "end: \(code)")
        }
    }

    func testGivesUpAfterTwoFreshTokensInARow() {
        var policy = make()
        XCTAssertEqual(short(policy.refused(refusal(.tokenExpired), source: .provider)), "reconnect")
        policy.welcomed()
        XCTAssertEqual(short(policy.refused(refusal(.tokenExpired), source: .provider)), "reconnect")
        XCTAssertEqual(short(policy.refused(refusal(.tokenExpired), source: .provider)), "end: token_expired")
    }

    func testWaitsLongerEachTimeAndAnewAfterAConnectionThatHeld() {
        let clock = ManualClock()
        var policy = ReconnectPolicy(options: ReconnectOptions(), now: { clock.now }, random: { 0 })
        let waits = [1, 1, 1, 60_000, 1].map { held -> Double in
            policy.welcomed()
            clock.now += held
            guard case .reconnect(let after, _) = policy.closed(code: nil, isActive: false, source: .none) else { return -1 }
            return after
        }
        XCTAssertEqual(waits, [500, 1_000, 2_000, 500, 1_000])
    }

    func testWaitsAsThePolicySaysAndNoLessThanTheServerAsksFor() {
        var policy = make(ReconnectOptions(minDelay: 3, maxDelay: 3, jitter: 0, maxAttempts: 2))
        var data: [String: Value] = ["code": "rate_limited", "message": "m", "retryable": true]
        func refuse() -> ReconnectPolicy.Decision {
            policy.refused(CrossroomError(.connectError, "m", data: .object(data)), source: .none)
        }
        XCTAssertEqual(refuse(), .reconnect(after: 3_000, forgetGuest: false))
        data["retryAfter"] = 60_000
        XCTAssertEqual(refuse(), .reconnect(after: 60_000, forgetGuest: false))
        XCTAssertEqual(short(refuse()), "end: rate_limited")
    }
}
