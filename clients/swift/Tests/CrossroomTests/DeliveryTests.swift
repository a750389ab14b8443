import XCTest

@testable import Crossroom

/// What a room hands to its readers, at their pace (docs/sdk.md, 4.9 to 4.12).
final class DeliveryTests: XCTestCase, @unchecked Sendable {
    /// A minute passes when the test says so.
    @CrossroomActor
    private final class Minutes {
        private var waiting: [@CrossroomActor @Sendable () -> Void] = []

        var environment: Environment {
            var environment = Environment.fast
            environment.after = { milliseconds, body in
                if milliseconds != 60_000 { return Environment.fast.after(milliseconds, body) }
                self.waiting.append(body)
                return {}
            }
            return environment
        }

        func pass() {
            let due = waiting
            waiting = []
            for body in due { body() }
        }
    }

    /// A room's log on the server, of which it knows all.
    @CrossroomActor
    private final class LogServer {
        let server = FakeServer()
        private(set) var end: Int64 = 0
        /// Of the oldest message that is kept.
        var oldest: Int64 = 1
        private(set) var socket: FakeSocket?
        /// What it was asked, "join 3" or "history 5" say.
        private(set) var calls: [String] = []
        private var serving: Task<Void, Never>?

        func publish(_ count: Int) {
            for _ in 0..<count {
                end += 1
                socket?.event("message", message(end))
            }
        }

        /// Answers until the connection ends.
        func serve(_ socket: FakeSocket) {
            self.socket = socket
            serving = Task { while let frame = try? await socket.frame() { answer(frame, socket) } }
        }

        func message(_ offset: Int64) -> Value {
            [
                "room": "r", "id": .string("m\(offset)"), "position": at(offset).value, "data": .int(offset), "at": 1,
                "from": ["user": "bob", "name": "B", "sid": "s", "transport": "bridge"],
            ]
        }

        private func messages(after offset: Int64, _ limit: Int64) -> Value {
            .array(stride(from: offset + 1, through: min(end, offset + limit), by: 1).map(message))
        }

        private func answer(_ frame: Value, _ socket: FakeSocket) {
            guard let id = frame["id"], let call = frame["args"]?[0] else { return }
            let name = frame["event"]?.string ?? ""
            let since = call["since"]?["offset"]?.int
            let after = call["after"]?["offset"]?.int
            calls.append("\(name)" + ((since ?? after).map { " \($0)" } ?? ""))
            switch name {
            case "join":
                var result: [String: Value] = ["position": at(end).value, "members": [], "count": 0]
                // As of a server whose answers hold three messages.
                if let since { result["recovered"] = .bool(since + 1 >= oldest && end - since <= 3) }
                result["messages"] = result["recovered"] == true ? messages(after: since ?? 0, 3) : []
                if let count = call["history"]?.int {
                    let first = max(0, end - count)
                    result["history"] = ["messages": messages(after: first, count), "more": .bool(first > 0)]
                }
                socket.ack(id, result)
            case "history":
                let limit = call["limit"]?.int ?? 100
                if let before = call["before"]?["offset"]?.int {
                    let first = max(0, before - 1 - limit)
                    return socket.ack(id, ["messages": messages(after: first, before - 1 - first), "more": .bool(first > 0)])
                }
                guard let after, after + 1 >= oldest else { return socket.refuse(id, "unknown_position") }
                socket.ack(id, ["messages": messages(after: after, limit), "more": .bool(after + limit < end)])
            case "publish":
                end += 1
                socket.ack(id, ["id": call["id"] ?? .null, "position": at(end).value, "at": 1, "duplicate": false])
                socket.event("message", message(end))
            default: socket.ack(id)
            }
        }
    }

    @CrossroomActor
    private func make(_ log: LogServer, maxLag: Int = 4, _ environment: Environment = .fast) throws -> (Rooms, Room) {
        var options = RoomsOptions(name: "Ada", device: "d", maxLag: maxLag)
        options.bridge = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transports: [.webSocket], transport: log.server.factory)
        let rooms = try Rooms("http://server", options, environment)
        return (rooms, rooms.room("r"))
    }

    @CrossroomActor
    private func inRoom(_ log: LogServer, maxLag: Int = 4, _ environment: Environment = .fast) async throws -> (
        Rooms, Room, Joined
    ) {
        let (rooms, room) = try make(log, maxLag: maxLag, environment)
        let join = Task { try await room.join() }
        log.serve(try await log.server.welcomeRooms())
        return (rooms, room, try await withDeadline { try await join.value })
    }

    @CrossroomActor
    func testAReaderThatIsSlowerThanWhatComesLosesNothing() async throws {
        let log = LogServer()
        let (rooms, room, _) = try await inRoom(log)
        var messages = room.messages().makeAsyncIterator()
        log.publish(100)
        for offset in 1...100 as ClosedRange<Int64> {
            let handed = try await messages.next()?.position.offset
            XCTAssertEqual(handed, offset)
            XCTAssertEqual(room.position, at(offset))
            // Nothing is read that there is no room for.
            XCTAssertLessThanOrEqual(log.calls.count, Int(offset) / 2 + 2)
        }
        await rooms.close()
    }

    @CrossroomActor
    func testALongNightOfflineIsReadAtThePaceOfTheReaderAfterTheJoin() async throws {
        let log = LogServer()
        log.publish(50)
        let (rooms, room) = try make(log)
        let stream = room.messages()
        let join = Task { try await room.join(since: at(0), history: 5) }
        log.serve(try await log.server.welcomeRooms())
        let joined = try await withDeadline { try await join.value }
        // It does not wait for who can only read after it; and what comes as messages is no history.
        XCTAssertEqual(joined, Joined(recovered: true, position: at(50)))
        XCTAssert(room.isJoined)
        XCTAssertEqual(room.position, at(0))
        log.publish(50)
        var messages = stream.makeAsyncIterator()
        for offset in 1...100 as ClosedRange<Int64> {
            let handed = try await messages.next()?.position.offset
            XCTAssertEqual(handed, offset)
        }
        await rooms.close()
    }

    @CrossroomActor
    func testPublishesAndHistoryDoNotWaitForAReader() async throws {
        let log = LogServer()
        log.publish(50)
        let (rooms, room) = try make(log)
        let stream = room.messages()
        let join = Task { try await room.join(since: at(0)) }
        log.serve(try await log.server.welcomeRooms())
        _ = try await withDeadline { try await join.value }
        let published = try await withDeadline { try await room.publish("x") }
        XCTAssertEqual(published.position, at(51))
        let page = try await withDeadline { try await room.history(before: at(3)) }
        XCTAssertEqual(page.messages.map(\.position.offset), [1, 2])
        _ = stream
        await rooms.close()
    }

    @CrossroomActor
    func testASlowReaderLosesNothingOverAReconnectAndWhatIsNotKeptIsDeclaredInItsPlace() async throws {
        let log = LogServer()
        let (rooms, room, _) = try await inRoom(log)
        var events = room.events().makeAsyncIterator()
        log.publish(20)
        // Of 20, four wait to be read.
        while log.socket?.unread != 0 { await Task.yield() }
        log.oldest = 15
        log.socket?.end()
        log.serve(try await log.server.welcomeRooms())
        while log.calls.last != "join 4" { await Task.yield() }
        log.publish(10)
        var seen: [String] = []
        while seen.last != "30", seen.count < 20, let event = try await events.next() {
            switch event {
            case .message(let message): seen.append("\(message.position.offset)")
            case .joined(let joined): seen.append(joined.recovered ? "joined" : "lost up to \(joined.position.offset)")
            default: break
            }
        }
        XCTAssertEqual(Array(seen.prefix(5)), ["1", "2", "3", "4", "lost up to 20"])
        XCTAssertEqual(Array(seen.dropFirst(5)), (21...30).map(String.init))
        XCTAssertEqual(room.position, at(30))
        await rooms.close()
    }

    @CrossroomActor
    func testThePositionIsNeverAheadOfAnyReader() async throws {
        let log = LogServer()
        let (rooms, room, _) = try await inRoom(log, maxLag: 10)
        XCTAssertEqual(room.position, at(0))
        var fast = room.messages().makeAsyncIterator()
        var slow: EventStream<RoomMessage>? = room.messages()
        log.publish(4)
        for _ in 0..<4 { _ = try await fast.next()?.position.offset }
        XCTAssertEqual(room.position, at(0))
        var reading = try XCTUnwrap(slow).makeAsyncIterator()
        _ = try await reading.next()?.position.offset
        XCTAssertEqual(room.position, at(1))
        // Let go with something in it: that was handed to nobody.
        slow = nil
        reading = room.messages().makeAsyncIterator()
        for _ in 0..<1_000 { await Task.yield() }
        XCTAssertEqual(room.position, at(1))
        log.publish(1)
        _ = try await fast.next()?.position.offset
        _ = try await reading.next()?.position.offset
        XCTAssertEqual(room.position, at(5))
        await rooms.close()
    }

    @CrossroomActor
    func testAStreamThatNobodyReadsDoesNotHoldUpTheOthersForEver() async throws {
        let log = LogServer()
        let minutes = Minutes()
        let (rooms, room, _) = try await inRoom(log, minutes.environment)
        let forgotten = room.messages()
        var messages = room.messages().makeAsyncIterator()
        log.publish(20)
        for _ in 0..<4 { _ = try await messages.next()?.position.offset }
        XCTAssertEqual(room.position, at(0))
        minutes.pass()
        for offset in 5...20 as ClosedRange<Int64> {
            let handed = try await messages.next()?.position.offset
            XCTAssertEqual(handed, offset)
        }
        var count = 0
        let error = await thrown { for try await _ in forgotten { count += 1 } }
        XCTAssertEqual(error?.code, .tooSlow)
        XCTAssertEqual(count, 4)
        await rooms.close()
    }

    @CrossroomActor
    func testToJoinFromAPositionWhileJoinedGoesBackThere() async throws {
        let log = LogServer()
        log.publish(10)
        let (rooms, room, _) = try await inRoom(log, maxLag: 100)
        let stream = room.messages()
        log.publish(3)
        while room.position != at(10) || log.socket?.unread != 0 { await Task.yield() }
        let joined = try await withDeadline { try await room.join(since: at(2)) }
        XCTAssertEqual(joined.recovered, true)
        XCTAssertEqual(room.position, at(2))
        var messages = stream.makeAsyncIterator()
        for offset in 3...13 as ClosedRange<Int64> {
            let handed = try await messages.next()?.position.offset
            XCTAssertEqual(handed, offset)
        }
        await rooms.close()
    }

    @CrossroomActor
    func testTheHistoryOfAJoinEndsWhereTheMessagesBegin() async throws {
        let log = LogServer()
        log.publish(10)
        let (rooms, room) = try make(log)
        var messages = room.messages().makeAsyncIterator()
        let join = Task { try await room.join(history: 4) }
        log.serve(try await log.server.welcomeRooms())
        let joined = try await withDeadline { try await join.value }
        XCTAssertEqual(joined.history?.messages.map(\.position.offset), [7, 8, 9, 10])
        XCTAssertEqual(joined.history?.more, true)
        log.publish(1)
        let handed = try await messages.next()?.position.offset
        XCTAssertEqual(handed, 11)
        // While joined, too: up to where one is.
        let again = try await withDeadline { try await room.join(history: 20) }
        XCTAssertEqual(again.history?.messages.map(\.position.offset), Array(1...11))
        XCTAssertEqual(again.history?.more, false)
        for count in [0, 501] {
            let error = await thrown { try await room.join(history: count) }
            XCTAssertEqual(error?.code, .invalidArgument)
        }
        // Not at a reconnect.
        log.socket?.end()
        let socket = try await log.server.welcomeRooms()
        let (_, call) = try await socket.call("join")
        XCTAssertEqual(call, ["room": "r", "since": at(11).value])
        await rooms.close()
    }

    @CrossroomActor
    func testAJoinThatIsGivenUpJoinsNothing() async throws {
        let server = FakeServer()
        let rooms = try Rooms(
            "http://server", RoomsOptions(device: "d", bridge: BridgeOptions(transports: [.webSocket], transport: server.factory)), .fast)
        let room = rooms.room("r")
        let joining = Task { await thrown { try await room.join(history: 5) }?.code }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        // Of a server that knows nothing of history.
        socket.ack(id, ["position": at(3).value, "members": [], "count": 0])
        _ = try await socket.call("history")
        XCTAssert(room.isJoined)
        joining.cancel()
        let code = await joining.value
        XCTAssertEqual(code, .aborted)
        _ = try await socket.call("leave")
        XCTAssertFalse(room.isJoined)
        await rooms.close()
    }
}
