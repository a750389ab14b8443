import XCTest

@testable import Crossroom

/// A namespace: connecting it, events in both directions, acks.
final class NamespaceTests: BridgeTestCase, @unchecked Sendable {
    @CrossroomActor
    func testARefusedNamespaceFailsTheConnect() async throws {
        let server = FakeServer()
        let bridge = try make(server)
        let main = bridge.namespace()
        async let error = thrown { try await main.connect() }
        let socket = try await server.accept()
        _ = try await socket.frame()
        socket.push(["type": "connect_error", "message": "no", "data": ["code": "x"]])
        let refused = await error
        XCTAssertEqual(refused?.code, .connectError)
        XCTAssertEqual(refused?.data, ["code": "x"])
        await bridge.close()
    }

    @CrossroomActor
    func testACallEndsInItsAckOrInAnError() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        async let answer = main.call("a", 1)
        let (id, argument) = try await socket.call("a")
        XCTAssertEqual(argument, 1)
        socket.push(["type": "ack", "id": id, "args": [2]])
        socket.push(["type": "ack", "id": id, "args": [3]])
        let args = try await answer
        XCTAssertEqual(args, [2])

        async let refused = thrown { try await main.call("b") }
        let (second, _) = try await socket.call("b")
        socket.push(["type": "error", "code": "brand_new", "message": "m", "id": second])
        let code = await refused?.code
        XCTAssertEqual(code, "brand_new")

        let late = await thrown { try await main.call("c", timeout: 1) }
        XCTAssertEqual(late?.code, .timeout)
        _ = try await socket.call("c")
        async let lost = thrown { try await main.call("d") }
        _ = try await socket.call("d")
        socket.end()
        let lostCode = await lost?.code
        XCTAssertEqual(lostCode, .disconnected)

        let reserved = await thrown { try await main.call("disconnect") }
        XCTAssertEqual(reserved?.code, "reserved_event")
        await bridge.close()
        let closed = await thrown { try await main.call("e") }
        XCTAssertEqual(closed?.code, .closed)
    }

    @CrossroomActor
    func testACancelledCallIsGivenUp() async throws {
        let server = FakeServer()
        let bridge = try make(server)
        let main = bridge.namespace()
        let task = Task { await thrown { try await main.call("x") } }
        await Task.yield()
        task.cancel()
        let code = await task.value?.code
        XCTAssertEqual(code, .aborted)
        try main.emit("y")
        main.open()
        let socket = try await server.welcome()
        let frame = try await socket.frame()
        XCTAssertEqual(frame["event"], "y")
        await bridge.close()
    }

    @CrossroomActor
    func testWhatWaitsForTheConnectionLeavesInOrderAndIsBounded() async throws {
        let server = FakeServer()
        let bridge = try make(server) { $0.maxBuffered = 3 }
        let main = bridge.namespace()
        for n in 0..<3 { try main.emit("n", .int(Int64(n))) }
        XCTAssertThrowsError(try main.emit("n")) { XCTAssertEqual(($0 as? CrossroomError)?.code, .bufferFull) }
        main.open()
        let socket = try await server.welcome()
        for n in 0..<3 {
            let frame = try await socket.frame()
            XCTAssertEqual(frame["args"], [.int(Int64(n))])
        }
        await bridge.close()
    }

    @CrossroomActor
    func testAnEventThatIsTooLargeIsRefusedAndNotSent() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        XCTAssertThrowsError(try main.emit("x", .string(String(repeating: "é", count: 50_000)))) {
            XCTAssertEqual(($0 as? CrossroomError)?.code, .payloadTooLarge)
        }
        try main.emit("y")
        let frame = try await socket.frame()
        XCTAssertEqual(frame["event"], "y")
        await bridge.close()
    }

    @CrossroomActor
    func testEventsComeInOrderAndAreAnsweredOnce() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        for n in 0..<100 { socket.event("n", .int(Int64(n))) }
        socket.push(["type": "event", "event": "q", "args": [], "id": 7])
        for n in 0..<100 {
            guard case .event(let event)? = try await events.next() else { return XCTFail("no event") }
            XCTAssertEqual(event.args, [.int(Int64(n))])
        }
        guard case .event(let question)? = try await events.next() else { return XCTFail("no event") }
        try question.responder?.answer("yes")
        try question.responder?.answer("no")
        try main.emit("end")
        var frame = try await socket.frame()
        XCTAssertEqual(frame, ["type": "ack", "id": 7, "args": ["yes"]])
        frame = try await socket.frame()
        XCTAssertEqual(frame["event"], "end")
        await bridge.close()
    }

    @CrossroomActor
    func testNothingMoreIsReadWhileTooMuchIsUnread() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server) { $0.maxUnread = 10 }
        var events = main.events().makeAsyncIterator()
        for n in 0..<100 { socket.event("n", .int(Int64(n))) }
        // What comes after the limit stays where it is, however long one waits.
        for _ in 0..<1_000 { await Task.yield() }
        XCTAssertEqual(socket.unread, 90)
        for n in 0..<100 {
            guard case .event(let event)? = try await events.next() else { return XCTFail("no event") }
            XCTAssertEqual(event.args, [.int(Int64(n))])
        }
        await bridge.close()
    }

    @CrossroomActor
    func testAStreamThatNobodyReadsAnyMoreHoldsNothingUp() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server) { $0.maxUnread = 10 }
        var unread: EventStream<NamespaceEvent>? = main.events()
        for _ in 0..<100 { socket.event("n") }
        XCTAssertNotNil(unread)
        unread = nil
        async let answer = main.call("a")
        let (id, _) = try await socket.call("a")
        socket.ack(id)
        _ = try await answer
        await bridge.close()
    }

    @CrossroomActor
    func testANamespaceThatTheServerEndsIsNotConnectedAgainAndOthersAre() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        let other = bridge.namespace("/other")
        other.open()
        _ = try await socket.frame()
        socket.push([
            "type": "connected", "ns": "/other", "sid": "o", "pingInterval": 1e4, "pingTimeout": 1e4, "maxPayload": 1e4,
        ])
        var events = main.events().makeAsyncIterator()
        socket.push(["type": "disconnect", "reason": "go"])
        guard case .disconnected(let end)? = try await events.next() else { return XCTFail("no end") }
        XCTAssert(end.isFinal)
        socket.end()
        let again = try await server.accept()
        let frame = try await again.frame()
        XCTAssertEqual(frame["ns"], "/other")
        await bridge.close()
    }

    @CrossroomActor
    func testASessionIsTakenUpWithItsPidAndOffset() async throws {
        let server = FakeServer()
        let bridge = try make(server)
        bridge.namespace().open()
        let socket = try await server.welcome(["pid": "p"])
        socket.push(["type": "event", "event": "x", "args": [], "offset": "o"])
        socket.end()
        let again = try await server.accept()
        let frame = try await again.frame()
        XCTAssertEqual(frame, ["type": "connect", "pid": "p", "offset": "o"])
        await bridge.close()
    }

    @CrossroomActor
    func testNothingOvertakesWhatWasEmittedOnADeadConnection() async throws {
        let server = FakeServer()
        let clock = ManualClock()
        var environment = Environment.fast
        environment.now = { clock.now }
        let bridge = try Bridge(
            "http://server", options: BridgeOptions(transports: [.webSocket], transport: server.factory), environment: environment)
        let main = bridge.namespace()
        async let sid = main.connect()
        let socket = try await server.welcome()
        _ = try await sid
        clock.now += 46_000
        // A sign of life that was on its way while the machine slept.
        socket.event("late")
        try main.emit("a")
        for _ in 0..<100 { await Task.yield() }
        try main.emit("b")
        let again = try await server.welcome()
        let names = [try await again.frame()["event"], try await again.frame()["event"]]
        XCTAssertEqual(names, ["a", "b"])
        await bridge.close()
    }

    @CrossroomActor
    func testGivingUpAConnectLeavesANamespaceThatIsInUse() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        socket.end()
        guard case .disconnected? = try await events.next() else { return XCTFail("no end") }
        let waiting = Task { try await main.connect() }
        for _ in 0..<10 { await Task.yield() }
        waiting.cancel()
        _ = await waiting.result
        _ = try await server.welcome()
        guard case .connected? = try await events.next() else { return XCTFail("not connected") }
        await bridge.close()
    }

    @CrossroomActor
    func testWhatIsNoNameOfANamespaceIsRefused() async throws {
        let server = FakeServer()
        let bridge = try make(server)
        for name in ["", "chat", "/a,b"] {
            let namespace = bridge.namespace(name)
            let codes = [
                await thrown { try await namespace.connect() }?.code, await thrown { try namespace.emit("x") }?.code,
            ]
            XCTAssertEqual(codes, [.invalidArgument, .invalidArgument], name)
        }
        XCTAssertEqual(server.attempts.count, 0)
        await bridge.close()
    }
}
