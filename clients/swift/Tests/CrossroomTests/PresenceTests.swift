import XCTest

@testable import Crossroom

/// What a room tells of who is there (docs/rooms-api.md, 8).
final class PresenceTests: RoomsTestCase, @unchecked Sendable {
    private struct Told: Equatable {
        var users: [String] = []
        let count: Int
        var isCounted = false
    }

    private func change(_ kind: String, _ user: String) -> Value { ["type": .string(kind), "member": member(user)] }

    private func presence(_ count: Value, _ more: [String: Value] = [:]) -> Value {
        .object(["room": "r", "count": count].merging(more) { $1 })
    }

    private func next(_ events: EventStream<RoomEvent>) async throws -> RoomEvent? {
        try await withDeadline("event") {
            var iterator = events.makeAsyncIterator()
            return try await iterator.next()
        }
    }

    /// What the application is told, which is what the room says.
    @CrossroomActor
    private func told(_ events: EventStream<RoomEvent>, _ room: Room) async throws -> Told {
        let event = try await next(events)
        guard case .presence(let members, let count, let isCounted)? = event else {
            throw DeadlineExceeded(what: "presence, not \(String(describing: event))")
        }
        XCTAssertEqual(members, room.members)
        XCTAssertEqual(count, room.memberCount)
        XCTAssertEqual(isCounted, room.isCounted)
        return Told(users: members.map(\.user), count: count, isCounted: isCounted)
    }

    @CrossroomActor
    func testAllThatOneEventSaysIsToldOnce() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let events = room.events()
        let changes: Value = [change("join", "ada"), change("join", "ben"), change("join", "cleo"), change("leave", "ben")]
        socket.event("presence", presence(2, ["changes": changes]))
        let first = try await told(events, room)
        XCTAssertEqual(first, Told(users: ["ada", "cleo"], count: 2))
        socket.event("presence", presence(3, ["changes": [change("join", "dan")]]))
        let second = try await told(events, room)
        XCTAssertEqual(second, Told(users: ["ada", "cleo", "dan"], count: 3))
        await rooms.close()
    }

    @CrossroomActor
    func testALargeRoomIsCountedUntilItIsNamedAgain() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let room = rooms.room("r")
        let events = room.events()
        async let join = room.join()
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        socket.ack(id, ["position": position(0), "count": 300, "maxNames": 200])
        _ = try await join
        let counted = try await told(events, room)
        XCTAssertEqual(counted, Told(count: 300, isCounted: true))
        guard case .joined? = try await next(events) else { return XCTFail("not joined") }
        socket.event("presence", presence(301))
        let more = try await told(events, room)
        XCTAssertEqual(more, Told(count: 301, isCounted: true))
        socket.event("presence", presence(2, ["members": [member("ada"), member("ben")]]))
        let named = try await told(events, room)
        XCTAssertEqual(named, Told(users: ["ada", "ben"], count: 2))
        socket.event("presence", presence(201))
        let again = try await told(events, room)
        XCTAssertEqual(again, Told(count: 201, isCounted: true))
        await rooms.close()
    }

    @CrossroomActor
    func testMembersAreReadByPageAlsoOnTheNextConnection() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        async let first = room.listMembers()
        let (id, call) = try await socket.call("presence")
        XCTAssertEqual(call, ["room": "r"])
        socket.ack(id, ["room": "r", "members": [member("ada"), member("ben")], "count": 3, "more": true])
        let page = try await first
        XCTAssertEqual(page, MembersPage(members: ["ada", "ben"].map { Member(user: $0, name: "N", devices: []) }, count: 3, more: true))
        async let second = room.listMembers(after: "ben", limit: 1)
        let (_, lost) = try await socket.call("presence")
        XCTAssertEqual(lost, ["room": "r", "after": "ben", "limit": 1])
        socket.end()
        let back = try await server.welcomeRooms()
        let (join, _) = try await back.call("join")
        back.ack(join, joined(0))
        let (busy, _) = try await back.call("presence")
        back.refuse(busy, "rate_limited", retryable: true)
        let (last, same) = try await back.call("presence")
        XCTAssertEqual(same, lost)
        back.ack(last, ["room": "r", "members": [member("cleo")], "count": 3, "more": false])
        let rest = try await second
        XCTAssertEqual(rest.members.map(\.user), ["cleo"])
        XCTAssertFalse(rest.more)
        async let refused = thrown { try await room.listMembers() }
        let (off, _) = try await back.call("presence")
        back.refuse(off, "forbidden")
        let code = await refused?.code
        XCTAssertEqual(code, .forbidden)
        await rooms.close()
    }

    @CrossroomActor
    func testAPageThatCannotBeReadIsABadAnswer() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let page: [String: Value] = ["members": [], "count": 0, "more": false]
        for wrong in [["members": 7], ["members": [["user": "u"]]], ["count": -1], ["count": "0"], ["more": .null]] as [[String: Value]] {
            async let error = thrown { try await room.listMembers() }
            let (id, _) = try await socket.call("presence")
            socket.ack(id, page.merging(wrong) { $1 })
            let code = await error?.code
            XCTAssertEqual(code, .badAnswer, "\(wrong)")
        }
        await rooms.close()
    }

    /// A new token may not open the room any more (docs/rooms-api.md, 10.4).
    @CrossroomActor
    func testJoinsAgainWhereTheLastChangeOfItselfIsALeave() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let events = room.events()
        socket.event("presence", presence(1, ["changes": [change("leave", "ada"), change("join", "ada"), change("leave", "ben")]]))
        let stays = try await told(events, room)
        XCTAssertEqual(stays, Told(users: ["ada"], count: 1))
        XCTAssert(room.isJoined)
        // In a counted room too.
        socket.event("presence", presence(300))
        let counted = try await told(events, room)
        XCTAssertEqual(counted, Told(count: 300, isCounted: true))
        socket.event("presence", presence(299, ["changes": [change("join", "ada"), change("leave", "ada"), change("join", "ben")]]))
        let (id, _) = try await socket.call("join")
        XCTAssertEqual(room.state, .recovering)
        socket.refuse(id, "forbidden")
        guard case .left(let error)? = try await next(events) else { return XCTFail("not told") }
        XCTAssertEqual(error.code, .forbidden)
        await rooms.close()
    }

    @CrossroomActor
    func testWhatCannotBeReadIsAWarningAndChangesNothing() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let session = rooms.events()
        let events = room.events()
        socket.event("presence", presence(1, ["changes": [change("join", "ada")]]))
        let before = try await told(events, room)
        let malformed: [Value] = [
            presence(.null), presence("1"), presence(-1), presence(1.5), ["room": "r", "type": "join", "member": member("ben")],
            presence(1, ["members": .null]), presence(1, ["members": 7]), presence(1, ["members": ["ada": member("ada")]]),
            presence(1, ["members": [member("ben"), ["user": 1]]]),
            presence(1, ["changes": .null]), presence(1, ["changes": 7]), presence(1, ["changes": change("join", "ben")]),
            presence(1, ["changes": [.null]]), presence(1, ["changes": [change("dance", "ben")]]),
            presence(1, ["changes": [change("join", "ben"), ["type": "leave"]]]),
            presence(1, ["changes": [["type": "update", "member": member("ada"), "gone": [7]]]]),
        ]
        for event in malformed { socket.event("presence", event) }
        socket.event("presence", presence(1, ["changes": []]))
        let after = try await told(events, room)
        XCTAssertEqual(after, before)
        await rooms.close()
        var warnings: [ErrorCode] = []
        for try await event in session { if case .warning(let error) = event { warnings.append(error.code) } }
        XCTAssertEqual(warnings, malformed.map { _ in .malformedFrame })
    }
}
