import XCTest

@testable import Crossroom

/// Whether to come back (docs/sdk.md, 4.6).
final class RoomsSessionTests: XCTestCase {
    private func make(_ policy: ReconnectPolicy = ReconnectPolicy()) -> RoomsSession {
        RoomsSession(policy: policy, now: { 0 }, random: { 0 })
    }

    private func short(_ verdict: RoomsSession.Verdict) -> String {
        switch verdict {
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
        var session = make()
        session.welcomed()
        session.endAnnounced(CrossroomError(code, ""))
        return short(session.closed(code: nil, isActive: isActive, source: source))
    }

    func testLeavesItToTheBridgeWhereThatReconnects() {
        var session = make()
        XCTAssertEqual(short(session.closed(code: 1006, isActive: true, source: .none)), "wait")
    }

    func testEndsAfterCloseCodesThatSaySo() {
        let expected = [4403: "end: refused", 4400: "end: refused", 1009: "reconnect", 4000: "reconnect", 1000: "reconnect"]
        for (code, expected) in expected {
            var session = make()
            XCTAssertEqual(short(session.closed(code: code, isActive: false, source: .none)), expected)
        }
        var session = make()
        XCTAssertEqual(short(session.closed(code: nil, isActive: false, source: .none)), "reconnect")
    }

    func testAfterAnExpiredTokenItDependsOnWhereThatCameFrom() {
        let expected: [(TokenSource, String)] = [
            (.provider, "reconnect"), (.fixed, "end: token_expired"), (.guest, "reconnect as a new guest"),
            (.none, "end: token_expired"),
        ]
        for (source, verdict) in expected {
            var session = make()
            XCTAssertEqual(short(session.refused(refusal(.tokenExpired), source: source)), verdict)
            XCTAssertEqual(announced(.tokenExpired, isActive: false, source), verdict)
        }
        XCTAssertEqual(announced(.tokenExpired, isActive: true, .provider), "wait")
    }

    func testARevokedTokenIsTheEnd() {
        for source in [TokenSource.provider, .fixed, .guest, .none] {
            XCTAssertEqual(announced(.tokenRevoked, isActive: true, source), "end: token_revoked")
        }
    }

    func testARefusedConnectIsTheEndUnlessItMayPass() {
        var session = make()
        XCTAssertEqual(short(session.refused(refusal(.forbidden), source: .provider)), "end: forbidden")
        XCTAssertEqual(short(session.refused(refusal(.unavailable, retryable: true), source: .provider)), "reconnect")
        XCTAssertEqual(short(session.refused(refusal(.unauthorized), source: .guest)), "reconnect as a new guest")
        XCTAssertEqual(short(session.refused(refusal(.tokenRevoked), source: .guest)), "reconnect as a new guest")
        XCTAssertEqual(short(session.refused(refusal(.tokenRevoked), source: .fixed)), "end: token_revoked")
        let foreign = CrossroomError(.connectError, "no", data: ["code": 1])
        XCTAssertEqual(short(session.refused(foreign, source: .none)), "end: refused")
        for (code, verdict) in [(1000, "reconnect"), (4000, "reconnect"), (4403, "end: refused")] {
            let error = CrossroomError(.refused, "closed", closeCode: code)
            XCTAssertEqual(short(session.refused(error, source: .none)), verdict)
        }
        for (status, code) in [(401, "unauthorized"), (403, "forbidden"), (400, "refused")] {
            let error = CrossroomError(.refused, "no", status: status)
            XCTAssertEqual(short(session.refused(error, source: .none)), "end: \(code)")
        }
    }

    func testGivesUpAfterTwoFreshTokensInARow() {
        var session = make()
        XCTAssertEqual(short(session.refused(refusal(.tokenExpired), source: .provider)), "reconnect")
        session.welcomed()
        XCTAssertEqual(short(session.refused(refusal(.tokenExpired), source: .provider)), "reconnect")
        XCTAssertEqual(short(session.refused(refusal(.tokenExpired), source: .provider)), "end: token_expired")
    }

    func testWaitsLongerEachTimeAndAnewAfterAConnectionThatHeld() {
        let clock = HandClock()
        var session = RoomsSession(policy: ReconnectPolicy(), now: { clock.now }, random: { 0 })
        let waits = [1, 1, 1, 60_000, 1].map { held -> Double in
            session.welcomed()
            clock.now += held
            guard case .reconnect(let after, _) = session.closed(code: nil, isActive: false, source: .none) else { return -1 }
            return after
        }
        XCTAssertEqual(waits, [500, 1_000, 2_000, 500, 1_000])
    }

    func testWaitsAsThePolicySaysAndNoLessThanTheServerAsksFor() {
        var session = make(ReconnectPolicy(minDelay: 3, maxDelay: 3, jitter: 0, maxAttempts: 2))
        var data: [String: Value] = ["code": "rate_limited", "message": "m", "retryable": true]
        func refuse() -> RoomsSession.Verdict {
            session.refused(CrossroomError(.connectError, "m", data: .object(data)), source: .none)
        }
        XCTAssertEqual(refuse(), .reconnect(after: 3_000, forgetGuest: false))
        data["retryAfter"] = 60_000
        XCTAssertEqual(refuse(), .reconnect(after: 60_000, forgetGuest: false))
        XCTAssertEqual(short(refuse()), "end: rate_limited")
    }

    func testAnUpdateTellsWhatChangedAlone() throws {
        var members = Members()
        func device(_ id: String, _ sid: String) -> Value { ["id": .string(id), "sid": .string(sid), "transport": "bridge"] }
        func update(_ devices: [Value], gone: [Value]? = nil, name: String = "A") throws -> PresenceChange {
            let member: Value = ["user": "a", "name": .string(name), "devices": .array(devices)]
            var event: [String: Value] = ["room": "r", "type": "update", "member": member]
            if let gone { event["gone"] = .array(gone) }
            return try XCTUnwrap(PresenceChange(.object(event)))
        }
        func known() -> [String] { members.list[0].devices.map { "\($0.id) \($0.sid)" } }
        members.reset([Member(user: "a", name: "A", devices: [Device(id: "x", sid: "1", transport: "bridge")])], count: 1)
        members.change(try update([device("y", "2")]))
        XCTAssertEqual(known(), ["x 1", "y 2"])
        members.change(try update([device("x", "3"), device("z", "4")], gone: ["y"], name: "B"))
        XCTAssertEqual(known(), ["x 3", "z 4"])
        XCTAssertEqual(members.list[0].name, "B")
        // Gone and come again between two events.
        members.change(try update([device("z", "5")], gone: ["z", "stranger"]))
        XCTAssertEqual(known(), ["x 3", "z 5"])
        XCTAssertEqual(members.count, 1)
    }

    func testMembersAreAsTheServerTells() {
        var members = Members()
        func member(_ user: String, _ name: String = "") -> Member { Member(user: user, name: name, devices: []) }
        members.reset([member("a"), member("b")], count: 5)
        members.change(PresenceChange(kind: .update, member: member("a", "A")))
        members.change(PresenceChange(kind: .join, member: member("c")))
        members.change(PresenceChange(kind: .join, member: member("c")))
        XCTAssertEqual(members.list.map(\.user), ["a", "b", "c"])
        XCTAssertEqual(members.list[0].name, "A")
        XCTAssertEqual(members.count, 6)
        members.change(PresenceChange(kind: .leave, member: member("stranger")))
        members.change(PresenceChange(kind: .leave, member: member("a")))
        XCTAssertEqual(members.list.map(\.user), ["b", "c"])
        XCTAssertEqual(members.count, 4)
    }
}
