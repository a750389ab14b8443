import XCTest

@testable import Crossroom

/// A room is in one state at a time (docs/glossary.md, "The states of a room").
final class RoomStateTests: RoomsTestCase, @unchecked Sendable {
    @CrossroomActor
    func testIsJoiningUntilTheFirstJoinHasComeToItsEndAndDetachedWhenLeft() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let room = rooms.room("r")
        XCTAssertEqual(room.state, .detached)
        async let join = room.join(since: at(1))
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        XCTAssertEqual(room.state, .joining)
        socket.ack(id, joined(3, ["recovered": false]))
        let (reading, _) = try await socket.call("history")
        XCTAssertEqual(room.state, .joining)
        XCTAssertFalse(room.isJoined)
        socket.ack(reading, ["messages": [message(2), message(3)], "more": false])
        _ = try await join
        XCTAssertEqual(room.state, .joined)
        XCTAssert(room.isJoined)
        async let left: Void = room.leave()
        let (leaving, _) = try await socket.call("leave")
        XCTAssertEqual(room.state, .detached)
        socket.ack(leaving)
        await left
        await rooms.close()
    }

    @CrossroomActor
    func testIsRecoveringFromALostConnectionUntilWhatWasMissedIsRead() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        var events = room.events().makeAsyncIterator()
        XCTAssertEqual(room.state, .joined)
        socket.end()
        let again = try await server.welcomeRooms()
        let (id, _) = try await again.call("join")
        XCTAssertEqual(room.state, .recovering)
        again.ack(id, joined(1))
        let (reading, _) = try await again.call("history")
        XCTAssertEqual(room.state, .recovering)
        again.ack(reading, ["messages": [message(1)], "more": false])
        while let event = try await events.next() { if case .joined = event { break } }
        XCTAssertEqual(room.state, .joined)
        await rooms.close()
    }

    @CrossroomActor
    func testIsDetachedWhereJoiningIsRefusedForGoodAtFirstOrLater() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let room = rooms.room("r")
        async let refused = thrown { try await room.join() }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        socket.refuse(id, "forbidden")
        let code = await refused?.code
        XCTAssertEqual(code, .forbidden)
        XCTAssertEqual(room.state, .detached)

        async let join = room.join()
        let (second, _) = try await socket.call("join")
        socket.ack(second, joined(0))
        _ = try await join
        var events = room.events().makeAsyncIterator()
        socket.end()
        let again = try await server.welcomeRooms()
        let (third, _) = try await again.call("join")
        XCTAssertEqual(room.state, .recovering)
        again.refuse(third, "forbidden")
        guard case .left(let error)? = try await events.next() else { return XCTFail("not told") }
        XCTAssertEqual(error.code, .forbidden)
        XCTAssertEqual(room.state, .detached)
        await rooms.close()
    }
}
