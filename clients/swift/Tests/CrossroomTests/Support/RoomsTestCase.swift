import XCTest

@testable import Crossroom

/// Tests of the rooms layer, against a server that the test plays.
class RoomsTestCase: XCTestCase, @unchecked Sendable {
    @CrossroomActor
    func make(_ server: FakeServer, _ change: (inout RoomsOptions) -> Void = { _ in }) throws -> Rooms {
        var options = RoomsOptions(name: "Ada", device: "d")
        options.bridge = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transports: [.webSocket], transport: server.factory)
        change(&options)
        return try Rooms("http://server", options, .fast)
    }

    func position(_ offset: Int64) -> Value { at(offset).value }

    func joined(_ offset: Int64, _ more: [String: Value] = [:]) -> [String: Value] {
        ["position": position(offset), "members": [], "count": 0].merging(more) { $1 }
    }

    func member(_ user: String) -> Value { ["user": .string(user), "name": "N", "devices": []] }

    func message(_ offset: Int64, _ id: String = "m", from user: String = "bob") -> Value {
        [
            "room": "r", "id": .string(id), "position": position(offset), "data": .int(offset), "at": 1,
            "from": ["user": .string(user), "name": "B", "sid": "s", "transport": "bridge"],
        ]
    }

    func published(_ id: Value, _ offset: Int64) -> [String: Value] {
        ["id": id, "position": position(offset), "at": 1, "duplicate": false]
    }

    /// In the room "r", at 0.
    @CrossroomActor
    func inRoom(
        _ server: FakeServer, welcome: [String: Value] = [:], _ change: (inout RoomsOptions) -> Void = { _ in }
    ) async throws -> (Rooms, Room, FakeSocket) {
        let rooms = try make(server, change)
        let room = rooms.room("r")
        async let join = room.join()
        let socket = try await server.welcomeRooms("ada", welcome)
        let (id, _) = try await socket.call("join")
        socket.ack(id, joined(0))
        _ = try await join
        return (rooms, room, socket)
    }
}
