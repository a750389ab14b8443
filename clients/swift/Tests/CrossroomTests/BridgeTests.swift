import XCTest

@testable import Crossroom

/// The bridge layer, against a server that the test plays.
final class BridgeTests: XCTestCase, @unchecked Sendable {
    @CrossroomActor
    private func make(_ server: FakeServer, _ change: (inout BridgeOptions) -> Void = { _ in }) throws -> Bridge {
        var options = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transport: server.factory)
        change(&options)
        return try Bridge("http://server/", options: options, environment: .fast)
    }

    /// A bridge that is connected, with its socket.
    @CrossroomActor
    private func connected(_ server: FakeServer, _ change: (inout BridgeOptions) -> Void = { _ in }) async throws
        -> (Bridge, Namespace, FakeSocket)
    {
        let bridge = try make(server, change)
        let main = bridge.namespace()
        async let socket = server.welcome()
        try await main.connect()
        return (bridge, main, try await socket)
    }

    @CrossroomActor
    func testConnectsWithAuthAndHeaders() async throws {
        let server = FakeServer()
        let bridge = try make(server) {
            $0.auth = { ["token": "t"] }
            $0.headers = { ["X-App": "1"] }
        }
        async let socket = server.welcome()
        let sid = try await bridge.namespace().connect()
        XCTAssertEqual(sid, "s1")
        let auth = try await socket.auth
        XCTAssertEqual(auth, ["token": "t"])
        XCTAssertEqual(server.attempts[0].headers, ["X-App": "1"])
        XCTAssertEqual(server.attempts[0].url.absoluteString, "ws://server/bridge")
        await bridge.close()
        XCTAssertEqual(server.open, 0)
    }

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
    func testARefusedUpgradeIsFinalOrTriedAgainByItsStatus() async throws {
        for status in [400, 401, 403] {
            let server = FakeServer()
            server.refusals = [TransportFailure("no", status: status)]
            let bridge = try make(server)
            let error = await thrown { try await bridge.namespace().connect() }
            XCTAssertEqual(error?.code, .refused)
            XCTAssertEqual(error?.status, status)
            await bridge.close()
            XCTAssertEqual(server.attempts.count, 1)
        }
        let server = FakeServer()
        server.refusals = [429, 503, nil].map { TransportFailure("no", status: $0) }
        let (bridge, _, _) = try await connected(server)
        XCTAssertEqual(server.attempts.count, 4)
        await bridge.close()
    }

    @CrossroomActor
    func testACloseCodeThatForbidsItIsTheEnd() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        socket.end(4400)
        guard case .disconnected(let end)? = try await events.next() else { return XCTFail("no end") }
        XCTAssertEqual(end, Disconnection(isFinal: true, closeCode: 4400, reason: "ended by the server"))
        await bridge.close()
        XCTAssertEqual(server.attempts.count, 1)
    }

    @CrossroomActor
    func testCredentialsAreAskedForAtEveryAttempt() async throws {
        let server = FakeServer()
        let count = Counter()
        let (bridge, _, socket) = try await connected(server) { $0.auth = { ["n": .int(Int64(await count.next()))] } }
        XCTAssertEqual(socket.auth, ["n": 1])
        socket.end(4501)
        let again = try await server.welcome()
        XCTAssertEqual(again.auth, ["n": 2])
        await bridge.close()
    }

    @CrossroomActor
    func testCredentialsThatFailAreAskedForAgainUnlessThatIsFinal() async throws {
        let server = FakeServer()
        let count = Counter()
        let bridge = try make(server) {
            $0.auth = {
                let isFirst = await count.next() == 1
                throw CrossroomError(.unavailable, "no", isRetryable: isFirst)
            }
        }
        let error = await thrown { try await bridge.namespace().connect() }
        XCTAssertEqual(error?.code, .unavailable)
        XCTAssertEqual(count.value, 2)
        await bridge.close()
        XCTAssertEqual(server.open, 0)
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
    func testFramesThatMakeNoSenseAreWarningsAndCostNothingElse() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        var warnings = bridge.warnings().makeAsyncIterator()
        var events = main.events().makeAsyncIterator()
        socket.raw(.text("hello"))
        socket.raw(.binary)
        socket.push(["type": "from the future"])
        socket.event("ok")
        guard case .event(let event)? = try await events.next() else { return XCTFail("no event") }
        XCTAssertEqual(event.name, "ok")
        for _ in 0..<2 {
            let warning = try await warnings.next()
            XCTAssertEqual(warning?.code, .malformedFrame)
        }
        await bridge.close()
        let last = try await warnings.next()
        XCTAssertNil(last)
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
    func testTheBackgroundClosesAndTheForegroundConnects() async throws {
        let server = FakeServer()
        let (bridge, main, _) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        bridge.enterBackground()
        guard case .disconnected(let end)? = try await events.next() else { return XCTFail("no end") }
        XCTAssertFalse(end.isFinal)
        try main.emit("later")
        bridge.enterForeground()
        let socket = try await server.welcome()
        let frame = try await socket.frame()
        XCTAssertEqual(frame["event"], "later")
        await bridge.close()
        XCTAssertEqual(server.open, 0)
    }

    @CrossroomActor
    func testCloseFailsWhatWaitsWhateverItWasDoing() async throws {
        let server = FakeServer()
        server.refusals = Array(repeating: TransportFailure("no"), count: 1_000)
        let bridge = try make(server)
        let main = bridge.namespace()
        let events = main.events()
        async let connect = thrown { try await main.connect() }
        async let call = thrown { try await main.call("x") }
        while server.attempts.count < 2 { await Task.yield() }
        await bridge.close()
        let codes = await [connect?.code, call?.code]
        XCTAssertEqual(codes, [.closed, .closed])
        for try await event in events { XCTFail("\(event)") }
        await bridge.close()
        let attempts = server.attempts.count
        bridge.networkChanged()
        bridge.enterForeground()
        XCTAssertEqual(server.attempts.count, attempts)
    }

    @CrossroomActor
    func testNothingOvertakesWhatWasEmittedOnADeadConnection() async throws {
        let server = FakeServer()
        let clock = ManualClock()
        var environment = Environment.fast
        environment.now = { clock.now }
        let bridge = try Bridge("http://server", options: BridgeOptions(transport: server.factory), environment: environment)
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
    func testTheFunctionThatGivesHeadersMayCloseTheClient() async throws {
        let server = FakeServer()
        let (asked, feed) = AsyncStream.makeStream(of: Bridge.self)
        let bridge = try make(server) {
            $0.headers = {
                for await bridge in asked { await bridge.close() }
                return [:]
            }
        }
        async let error = thrown { try await bridge.namespace().connect() }
        feed.yield(bridge)
        feed.finish()
        let code = await error?.code
        XCTAssertEqual(code, .closed)
        try await withDeadline { await bridge.close() }
        XCTAssertEqual(server.attempts.count, 0)
    }

    @CrossroomActor
    func testAReaderThatWasPausedEndsWithItsConnection() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server) { $0.maxUnread = 1 }
        let unread = main.events()
        // The connection is changed for another one just when the reader would pause.
        main.observe { event in
            guard case .event = event else { return }
            bridge.enterBackground()
            bridge.enterForeground()
        }
        socket.event("x")
        _ = try await server.welcome()
        try await withDeadline { await bridge.close() }
        XCTAssertNotNil(unread)
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

    func testWhatIsNoURLOfAServerIsRefused() {
        for url in ["", "server", "ftp://server", "http://", "/path"] {
            XCTAssertThrowsError(try Bridge(url), url) { XCTAssertEqual(($0 as? CrossroomError)?.code, .invalidArgument) }
        }
    }
}

/// Counts its calls.
@CrossroomActor
final class Counter {
    private(set) var value = 0

    init() {}

    func next() -> Int {
        value += 1
        return value
    }
}
