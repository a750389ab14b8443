import XCTest

@testable import Crossroom

/// Who one is, tokens and guests, what is sent to users, and the session's end.
final class RoomsTests: RoomsTestCase, @unchecked Sendable {
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
}
