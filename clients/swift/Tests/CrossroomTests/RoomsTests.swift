import XCTest

@testable import Crossroom

/// The rooms layer, against a server that the test plays.
final class RoomsTests: XCTestCase, @unchecked Sendable {
    @CrossroomActor
    private func make(_ server: FakeServer, _ change: (inout RoomsOptions) -> Void = { _ in }) throws -> Rooms {
        var options = RoomsOptions(name: "Ada", device: "d")
        options.bridge = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transport: server.factory)
        change(&options)
        return try Rooms("http://server", options, .fast)
    }

    private func position(_ offset: Int64) -> Value { at(offset).value }

    private func joined(_ offset: Int64, _ more: [String: Value] = [:]) -> [String: Value] {
        ["position": position(offset), "members": [], "count": 0].merging(more) { $1 }
    }

    private func member(_ user: String) -> Value { ["user": .string(user), "name": "N", "devices": []] }

    private func message(_ offset: Int64, _ id: String = "m", from user: String = "bob") -> Value {
        [
            "room": "r", "id": .string(id), "position": position(offset), "data": .int(offset), "at": 1,
            "from": ["user": .string(user), "name": "B", "sid": "s", "transport": "bridge"],
        ]
    }

    private func published(_ id: Value, _ offset: Int64) -> [String: Value] {
        ["id": id, "position": position(offset), "at": 1, "duplicate": false]
    }

    /// In the room "r", at 0.
    @CrossroomActor
    private func inRoom(_ server: FakeServer, _ change: (inout RoomsOptions) -> Void = { _ in }) async throws
        -> (Rooms, Room, FakeSocket)
    {
        let rooms = try make(server, change)
        let room = rooms.room("r")
        async let join = room.join()
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        socket.ack(id, joined(0))
        _ = try await join
        return (rooms, room, socket)
    }

    @CrossroomActor
    func testShowsNameDeviceAndToken() async throws {
        let server = FakeServer()
        let rooms = try make(server) { $0.token = "t" }
        async let me = rooms.ready()
        let socket = try await server.welcomeRooms()
        XCTAssertEqual(socket.auth, ["name": "Ada", "device": "d", "token": "t"])
        let user = try await me.user
        XCTAssertEqual(user, "ada")
        await rooms.close()
        XCTAssertEqual(server.open, 0)
    }

    @CrossroomActor
    func testMessagesAreDeliveredOnceAndInOrderAndGapsAreRead() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        var messages = room.messages().makeAsyncIterator()
        for offset in [1, 1, 4] as [Int64] { socket.event("message", message(offset)) }
        let (id, argument) = try await socket.call("history")
        XCTAssertEqual(argument["after"], position(1))
        socket.ack(id, ["messages": [message(2), message(3)], "more": false, "position": position(4)])
        for offset in 1...4 as ClosedRange<Int64> {
            let next = try await messages.next()
            XCTAssertEqual(next?.position, at(offset))
        }
        await rooms.close()
        let last = try await messages.next()
        XCTAssertNil(last)
    }

    @CrossroomActor
    func testJoinsAgainFromWhereItWasAndRecovers() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        var events = room.events().makeAsyncIterator()
        socket.event("message", message(1))
        socket.end()
        let again = try await server.welcomeRooms()
        let (id, argument) = try await again.call("join")
        XCTAssertEqual(argument, ["room": "r", "since": position(1)])
        again.ack(id, joined(2, ["recovered": true, "messages": [message(2)]]))
        var seen: [String] = []
        while seen.count < 4, let event = try await events.next() {
            switch event {
            case .message(let message): seen.append("\(message.position.offset)")
            case .joined(let joined): seen.append("joined \(joined.recovered)")
            case .presence: seen.append("presence")
            case .signal, .left: XCTFail("\(event)")
            }
        }
        XCTAssertEqual(seen, ["1", "presence", "2", "joined true"])
        await rooms.close()
    }

    @CrossroomActor
    func testWhatIsLostIsDeclared() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let room = rooms.room("r")
        async let join = room.join(since: at(3))
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        socket.ack(id, joined(9, ["recovered": false, "messages": []]))
        let (reading, _) = try await socket.call("history")
        socket.refuse(reading, "unknown_position")
        let result = try await join
        XCTAssertEqual(result, Joined(recovered: false, position: at(9)))
        await rooms.close()
    }

    @CrossroomActor
    func testARefusedJoinFailsAndALaterOneIsTold() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        var events = room.events().makeAsyncIterator()
        let messages = room.messages()
        socket.end()
        let again = try await server.welcomeRooms()
        let (id, _) = try await again.call("join")
        again.refuse(id, "forbidden")
        guard case .left(let error)? = try await events.next() else { return XCTFail("not left") }
        XCTAssertEqual(error.code, .forbidden)
        let end = await thrown { for try await message in messages { XCTFail("\(message)") } }
        XCTAssertEqual(end?.code, .forbidden)
        async let second = thrown { try await room.join() }
        let (next, _) = try await again.call("join")
        again.refuse(next, "room_full", retryable: true)
        let code = await second?.code
        XCTAssertEqual(code, .roomFull)
        await rooms.close()
    }

    @CrossroomActor
    func testPublishesGoOneByOneAndAgainUntilTheyAreAcked() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        async let first = room.publish(["n": 1])
        let (id, call) = try await socket.call("publish")
        async let second = room.publish(2, id: "second")
        XCTAssertEqual(call["data"], ["n": 1])
        socket.refuse(id, "rate_limited", retryable: true)
        let (retry, again) = try await socket.call("publish")
        XCTAssertEqual(again, call)
        XCTAssertNotEqual(retry, id)
        socket.end()
        let back = try await server.welcomeRooms()
        let (join, _) = try await back.call("join")
        back.ack(join, joined(0))
        let (third, same) = try await back.call("publish")
        XCTAssertEqual(same, call)
        back.ack(third, published(try XCTUnwrap(call["id"]), 1))
        let (fourth, other) = try await back.call("publish")
        XCTAssertEqual(other, ["room": "r", "data": 2, "id": "second"])
        back.ack(fourth, published("second", 2))
        let results = try await [first.position, second.position]
        XCTAssertEqual(results, [at(1), at(2)])
        XCTAssertEqual(call["id"]?.string?.count, 32)
        await rooms.close()
    }

    @CrossroomActor
    func testAPublishWhoseMessageIsRecoveredCountsAsAcked() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        async let result = room.publish(1, id: "mine")
        _ = try await socket.call("publish")
        socket.end()
        let back = try await server.welcomeRooms()
        let (join, _) = try await back.call("join")
        back.ack(join, joined(1, ["recovered": true, "messages": [message(1, "mine", from: "ada")]]))
        let published = try await result
        XCTAssertEqual(published, Published(id: "mine", position: at(1), at: 1))
        await rooms.close()
    }

    @CrossroomActor
    func testACancelledPublishLetsTheNextOnesGoOn() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let first = Task { await thrown { try await room.publish(1) } }
        let (id, _) = try await socket.call("publish")
        async let second = room.publish(2, id: "b")
        first.cancel()
        let code = await first.value?.code
        XCTAssertEqual(code, .aborted)
        socket.ack(id, published("a", 1))
        let (next, call) = try await socket.call("publish")
        XCTAssertEqual(call["data"], 2)
        socket.ack(next, published("b", 2))
        _ = try await second
        await rooms.close()
    }

    @CrossroomActor
    func testSoManyPublishesMayWaitAndNoMore() async throws {
        let server = FakeServer()
        let rooms = try make(server) { $0.maxPending = 1 }
        let waiting = Task { await thrown { try await rooms.room("r").publish(1) } }
        while rooms.pending.isFull == false { await Task.yield() }
        let code = await thrown { try await rooms.room("q").publish(2) }?.code
        XCTAssertEqual(code, .tooManyPending)
        await rooms.close()
        let closed = await waiting.value?.code
        XCTAssertEqual(closed, .closed)
        XCTAssertFalse(rooms.pending.isFull)
    }

    @CrossroomActor
    func testSendsGoInAQueueForEachRecipientAndAFullInboxIsToldAtOnce() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        async let toBob = thrown { try await rooms.send("x", to: "bob", receipt: true) }
        let socket = try await server.welcomeRooms()
        let (id, call) = try await socket.call("send")
        XCTAssertEqual(call["receipt"], true)
        async let toCy = rooms.send("y", to: "cy", id: "i")
        let (other, _) = try await socket.call("send")
        socket.ack(other, ["id": "i", "at": 5, "duplicate": false])
        let sent = try await toCy
        XCTAssertEqual(sent, Sent(id: "i", at: 5))
        socket.refuse(id, "inbox_full", retryable: true)
        let code = await toBob?.code
        XCTAssertEqual(code, .inboxFull)
        await rooms.close()
    }

    @CrossroomActor
    func testItemsAreProcessedOneByOneAndAckedAfterThePositionIsKept() async throws {
        let server = FakeServer()
        let storage = MemoryStorage()
        let rooms = try make(server) { $0.storage = storage }
        let failing = Counter()
        let processed = Subscription<Int64>(limit: 10) { _ in }
        async let waiting = rooms.inbox.process { item in
            if await failing.next() == 1 { throw CrossroomError(.unavailable, "not now", isRetryable: true) }
            await processed.push(item.position.offset)
        }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": position(0), "waiting": 2, "known": false])
        for offset in 1...2 as ClosedRange<Int64> {
            socket.event("inbox", ["type": "receipt", "id": "i", "position": position(offset), "from": ["user": "u"], "at": 1])
        }
        let count = try await waiting
        XCTAssertEqual(count, 2)
        let (ack, call) = try await socket.call("inbox_ack")
        XCTAssertEqual(call, ["position": position(1)])
        socket.ack(ack, ["cursor": position(1)])
        let (ackTwo, callTwo) = try await socket.call("inbox_ack")
        XCTAssertEqual(callTwo, ["position": position(2)])
        socket.ack(ackTwo, ["cursor": position(2)])
        let order = try await [processed.next(), processed.next()]
        XCTAssertEqual(order, [1, 2])
        XCTAssertEqual(storage.get(#"crossroom.inbox.["ada","d"]"#), "2:e")
        let inUse = await thrown { try await rooms.inbox.process { _ in } }
        XCTAssertEqual(inUse?.code, .inUse)
        await rooms.close()

        // Another run goes on from there.
        let next = try make(server) { $0.storage = storage }
        async let again = next.inbox.process { _ in }
        let other = try await server.welcomeRooms()
        let (open, since) = try await other.call("inbox")
        XCTAssertEqual(since, ["since": position(2)])
        other.ack(open, ["cursor": position(2), "waiting": 0, "known": true])
        _ = try await again
        await next.close()
    }

    @CrossroomActor
    func testAnItemOfASequenceIsProcessedWhenTheNextOneIsAskedFor() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let inbox = rooms.inbox
        let reading = Task { @CrossroomActor in
            var seen: [Int64] = []
            for try await item in inbox.items() {
                seen.append(item.position.offset)
                if seen.count == 2 { break }
            }
            return seen
        }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": position(0), "waiting": 2, "known": false])
        for offset in 1...2 as ClosedRange<Int64> {
            socket.event("inbox", ["type": "receipt", "id": "i", "position": position(offset), "from": ["user": "u"], "at": 1])
        }
        let (ack, call) = try await socket.call("inbox_ack")
        XCTAssertEqual(call, ["position": position(1)])
        socket.ack(ack, ["cursor": position(1)])
        let seen = try await withDeadline { try await reading.value }
        XCTAssertEqual(seen, [1, 2])
        XCTAssertEqual(inbox.cursor, at(1))
        await rooms.close()
    }

    @CrossroomActor
    func testATokenIsRefreshedBeforeItRunsOut() async throws {
        let server = FakeServer()
        let count = Counter()
        let rooms = try make(server) { $0.token = .provided { "t\(await count.next())" } }
        async let ready = rooms.ready()
        let socket = try await server.welcomeRooms()
        _ = try await ready
        socket.event("token_expiring", ["expiresAt": 5])
        let (id, call) = try await socket.call("refresh")
        XCTAssertEqual(call, ["token": "t2"])
        socket.ack(id, ["expiresAt": 99])
        while rooms.me?.expiresAt == nil { await Task.yield() }
        XCTAssertEqual(rooms.me?.expiresAt, 99)
        await rooms.close()
    }

    @CrossroomActor
    func testARevokedTokenEndsTheSessionWithItsReason() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server) { $0.token = "t" }
        var events = rooms.events().makeAsyncIterator()
        async let publish = thrown { try await room.publish(1) }
        _ = try await socket.call("publish")
        socket.event("session_end", ["error": ["code": "token_revoked", "message": "m", "retryable": false]])
        socket.end(4403)
        let code = await publish?.code
        XCTAssertEqual(code, .tokenRevoked)
        var last: RoomsEvent?
        while let event = try await events.next() { last = event }
        guard case .end(let error)? = last else { return XCTFail("no end") }
        XCTAssertEqual(error.code, .tokenRevoked)
        let after = await thrown { try await room.join() }
        XCTAssertEqual(after?.code, .tokenRevoked)
        await rooms.close()
        XCTAssertEqual(server.attempts.count, 1)
    }

    @CrossroomActor
    func testAGuestComesBackAsItselfAndAsAnotherWhereItsTokenIsRefused() async throws {
        let server = FakeServer()
        let storage = MemoryStorage()
        let rooms = try make(server) { $0.storage = storage }
        async let ready = rooms.ready()
        let socket = try await server.welcomeRooms("guest-1", ["guest": true, "token": "g1"])
        _ = try await ready
        while storage.get("crossroom.guest") != "g1" { await Task.yield() }
        socket.end()
        let again = try await server.accept()
        let connect = try await again.frame()
        XCTAssertEqual(connect["auth"]?["token"], "g1")
        again.push([
            "type": "connect_error", "message": "m",
            "data": ["code": "unauthorized", "message": "m", "retryable": false],
        ])
        let third = try await server.welcomeRooms("guest-2", ["guest": true, "token": "g2"])
        XCTAssertNil(third.auth?["token"])
        while rooms.me?.user != "guest-2" { await Task.yield() }
        await rooms.close()
    }

    @CrossroomActor
    func testAGuestWhoIsRefusedAgainWithNoTokenIsAtTheEnd() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        async let ready = rooms.ready()
        let socket = try await server.welcomeRooms("guest-1", ["guest": true, "token": "g1"])
        _ = try await ready
        server.refusals = [TransportFailure("no", status: 401), TransportFailure("no", status: 401)]
        socket.end()
        for try await event in rooms.events() {
            if case .end(let error) = event { XCTAssertEqual(error.code, .unauthorized) }
        }
        XCTAssertEqual(server.attempts.count, 3)
        await rooms.close()
    }

    @CrossroomActor
    func testARoomIsEnoughToHold() async throws {
        let server = FakeServer()
        weak var held: Rooms?
        var room: Room?
        do {
            let rooms = try make(server)
            held = rooms
            room = rooms.room("r")
        }
        async let join = room?.join()
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        socket.ack(id, joined(0))
        _ = try await join
        room = nil
        socket.end()
        // Still joined, though nobody holds anything.
        let again = try await server.welcomeRooms()
        _ = try await again.call("join")
        await held?.close()
        for _ in 0..<1_000 where held != nil { await Task.yield() }
        XCTAssertNil(held)
    }

    @CrossroomActor
    func testARoomOutlivesItsSession() async throws {
        let server = FakeServer()
        let (rooms, room, _) = try await inRoom(server)
        await rooms.close()
        XCTAssertEqual(room.position, at(0))
        let code = await thrown { try await room.publish(1) }?.code
        XCTAssertEqual(code, .closed)
        for try await message in rooms.room("new").messages() { XCTFail("\(message)") }
        for try await item in rooms.inbox.items() { XCTFail("\(item)") }
    }

    @CrossroomActor
    func testWhatIsTooLargeForAnyBufferIsRefusedAndHoldsNothingUp() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server) { $0.bridge.maxBufferedBytes = 50_000 }
        // More than the buffer, and more than the server takes.
        let large = String(repeating: "x", count: 200_000)
        async let error = thrown { try await room.publish(large) }
        let code = await error?.code
        XCTAssertEqual(code, .messageTooLarge)
        // More than the buffer alone.
        async let result = room.publish(String(repeating: "x", count: 60_000), id: "p")
        let (id, _) = try await socket.call("publish")
        socket.ack(id, published("p", 1))
        _ = try await result
        await rooms.close()
    }

    @CrossroomActor
    func testASendThatIsCancelledLeavesTheNextOneItsQueue() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        async let ready = rooms.ready()
        let socket = try await server.welcomeRooms()
        _ = try await ready
        let first = Task { try await rooms.send(1, to: "bob", id: "a") }
        let (id, _) = try await socket.call("send")
        first.cancel()
        _ = await first.result
        async let second = rooms.send(2, to: "bob", id: "b")
        socket.ack(id, ["id": "a", "at": 1])
        let (next, argument) = try await socket.call("send")
        XCTAssertEqual(argument["id"], "b")
        socket.ack(next, ["id": "b", "at": 1])
        _ = try await second
        let last = Task { try await rooms.send(3, to: "bob", id: "c") }
        let (end, _) = try await socket.call("send")
        last.cancel()
        _ = await last.result
        socket.ack(end, ["id": "c", "at": 1])
        // Of a queue that nobody waits for nothing is left.
        func queues() -> Int? {
            (Mirror(reflecting: rooms).children.first { $0.label == "sends" }?.value as? [[UInt8]: SendQueueRunner])?.count
        }
        for _ in 0..<10_000 where queues() != 0 { await Task.yield() }
        XCTAssertEqual(queues(), 0)
        await rooms.close()
    }

    @CrossroomActor
    func testTheSessionEndsWhereTheAttemptsRunOut() async throws {
        let server = FakeServer()
        server.refusals = Array(repeating: TransportFailure("no"), count: 100)
        let rooms = try make(server) { $0.bridge.reconnect.maxAttempts = 1 }
        let error = await thrown { try await rooms.ready() }
        XCTAssertEqual(error?.code, .unreachable)
        XCTAssertEqual(server.attempts.count, 2)
        await rooms.close()
    }

    @CrossroomActor
    func testATaskThatIsCancelledAlreadyDoesNotTakeTheInbox() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await thrown { try await rooms.inbox.process { _ in } }?.code
        }
        let code = await cancelled.value
        XCTAssertEqual(code, .aborted)
        async let waiting = rooms.inbox.process { _ in }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": position(0), "waiting": 3, "known": true])
        let count = try await waiting
        XCTAssertEqual(count, 3)
        await rooms.close()
    }

    @CrossroomActor
    func testOffsetsThatNoServerHasAreNotTaken() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let room = rooms.room("r")
        for offset in [Int64.min, -1, 1 << 53, .max] {
            let code = await thrown { try await room.join(since: at(offset)) }?.code
            XCTAssertEqual(code, .invalidArgument)
            XCTAssertNil(Position(at(offset).value))
        }
        XCTAssertEqual(Position(at(1 << 53 - 1).value), at(1 << 53 - 1))
        XCTAssertNil((-1 as Value).count)
        await rooms.close()
    }

    @CrossroomActor
    func testAFinalErrorOfTheTokenFunctionEndsTheAsking() async throws {
        let server = FakeServer()
        let counter = Counter()
        let rooms = try make(server) {
            $0.token = .provided {
                if await counter.next() == 1 { return "t" }
                throw CrossroomError(.unauthorized, "signed out")
            }
        }
        async let ready = rooms.ready()
        let socket = try await server.welcomeRooms()
        _ = try await ready
        var events = rooms.events().makeAsyncIterator()
        socket.event("token_expiring", ["expiresAt": 1])
        guard case .warning(let error)? = try await events.next() else { return XCTFail("no warning") }
        XCTAssertEqual(error.message, "signed out")
        // Time for another question, at a hundredth of its delay.
        for _ in 0..<20 { try await Task.sleep(nanoseconds: 1_000_000) }
        XCTAssertEqual(counter.value, 2)
        await rooms.close()
    }

    @CrossroomActor
    func testSignalsAreDroppedWhereThereIsNoConnection() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        try room.signal("there")
        let frame = try await socket.frame()
        XCTAssertEqual(frame["args"], [["room": "r", "data": "there"]])
        rooms.enterBackground()
        try room.signal("nowhere")
        rooms.enterForeground()
        let back = try await server.welcomeRooms()
        let (_, call) = try await back.call("join")
        XCTAssertEqual(call["since"], position(0))
        await rooms.close()
    }

    @CrossroomActor
    func testLeavingEndsTheStayAndTellsTheServer() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let messages = room.messages()
        async let left: Void = room.leave()
        let (id, _) = try await socket.call("leave")
        socket.ack(id)
        await left
        for try await message in messages { XCTFail("\(message)") }
        XCTAssertFalse(room.isJoined)
        await rooms.close()
    }
}
