import XCTest

@testable import Crossroom

/// A room: joining, messages, publishes, signals.
final class RoomTests: RoomsTestCase, @unchecked Sendable {
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
    func testJoinsAgainWhereTheAnswerToALaterJoinCannotBeRead() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        let session = rooms.events()
        var events = room.events().makeAsyncIterator()
        socket.end()
        let again = try await server.welcomeRooms()
        let (id, _) = try await again.call("join")
        again.ack(id)
        let (next, call) = try await again.call("join")
        XCTAssertEqual(call, ["room": "r", "since": position(0)])
        XCTAssertEqual(room.state, .recovering)
        again.ack(next, joined(1, ["recovered": true, "messages": [message(1)]]))
        var told: [String] = []
        while told.last != "joined", let event = try await events.next() {
            switch event {
            case .left(let error): told.append("left: \(error.code)")
            case .message(let message): told.append("\(message.position.offset)")
            case .joined: told.append("joined")
            default: break
            }
        }
        XCTAssertEqual(told, ["1", "joined"])
        await rooms.close()
        var warnings: [ErrorCode] = []
        for try await event in session { if case .warning(let error) = event { warnings.append(error.code) } }
        XCTAssertEqual(warnings, [.badAnswer])
    }

    @CrossroomActor
    func testAPageThatCannotBeReadIsAskedForFiveTimesMoreAndThenLost() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        var events = room.events().makeAsyncIterator()
        socket.event("message", message(3))
        for time in 1...6 {
            let (id, call) = try await socket.call("history")
            XCTAssertEqual(call["after"], position(0))
            // What is no page, and what is no error.
            let answer: Value = time.isMultiple(of: 2) ? ["ok": true, "messages": 7] : ["ok": false, "error": 7]
            socket.push(["type": "ack", "id": id, "args": [answer]])
        }
        guard case .joined(let joined)? = try await events.next() else { return XCTFail("not told") }
        XCTAssertEqual(joined, Joined(recovered: false, position: at(2)))
        guard case .message(let message)? = try await events.next() else { return XCTFail("not delivered") }
        XCTAssertEqual(message.position, at(3))
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
    func testLeavingEndsTheStreamsAndTellsTheServer() async throws {
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
