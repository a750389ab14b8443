import XCTest

@testable import Crossroom

/// Which way a client takes (PROTOCOL.md, 12.15 to 12.17; docs/sdk.md, 6).
final class FallbackTests: XCTestCase, @unchecked Sendable {
    private let connected: Value = [
        "type": "connected", "sid": "s1", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 100_000,
    ]

    private struct World: Sendable {
        let sockets: FakeServer
        let http: FakeHTTPServer
        let clock: ManualClock
        let bridge: Bridge
        let main: Namespace
    }

    @CrossroomActor
    private func make(_ change: (inout BridgeOptions) -> Void = { _ in }) throws -> World {
        let (sockets, http, clock) = (FakeServer(), FakeHTTPServer(), ManualClock())
        var options = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transport: sockets.factory, http: http.stack)
        change(&options)
        var environment = Environment.real
        environment.memory = TransportMemory()
        let real = environment.now
        environment.now = { real() + clock.now }
        let bridge = try Bridge("http://server", options: options, environment: environment)
        return World(sockets: sockets, http: http, clock: clock, bridge: bridge, main: bridge.namespace())
    }

    /// Takes what falls back, up to `connected`.
    @CrossroomActor
    private func takeHTTP(_ world: World) async throws -> FakeExchange {
        try await world.http.welcome()
        let stream = try await world.http.read(isStream: true)
        stream.open()
        try await world.http.request("POST").answer(200, ["received": 2])
        stream.push(connected)
        stream.push(["type": "pong"])
        return stream
    }

    @CrossroomActor
    private func close(_ world: World) async throws {
        async let closed = world.bridge.close()
        try await world.http.sayGoodbye()
        _ = await closed
    }

    @CrossroomActor
    func testWhichFailuresMayBeTheWebSocketsOwn() async {
        for status in [200, 302, 400, 404, 405, 426, 500, 502, 503, 504] {
            XCTAssert(Dialer.mayFallBack(after: TransportFailure("", status: status)), "\(status)")
        }
        for status in [401, 403, 407, 429] {
            XCTAssertFalse(Dialer.mayFallBack(after: TransportFailure("", status: status)), "\(status)")
        }
        XCTAssertFalse(Dialer.mayFallBack(after: TransportFailure("", status: 503, retryAfter: 1)))
        XCTAssert(Dialer.mayFallBack(after: TransportFailure("no handshake")))
        XCTAssertFalse(Dialer.mayFallBack(after: TransportFailure("no network", isUnreached: true)))
    }

    @CrossroomActor
    func testARefusedUpgradeFallsBackInTheSameAttemptAndNobodyIsTold() async throws {
        for status in [400, 404, 426, 502] {
            let world = try make()
            world.sockets.refusals = [TransportFailure("no", status: status)]
            var warnings = world.bridge.warnings().makeAsyncIterator()
            async let sid = world.main.connect()
            _ = try await takeHTTP(world)
            _ = try await sid
            XCTAssertEqual(world.bridge.transport, .sse)
            XCTAssertEqual(world.sockets.attempts.count, 1)
            try await close(world)
            let warning = try await warnings.next()
            XCTAssertNil(warning)
        }
    }

    @CrossroomActor
    func testARefusalThatIsMeantDoesNotFallBack() async throws {
        for status in [401, 403] {
            let world = try make()
            world.sockets.refusals = [TransportFailure("no", status: status)]
            let error = await thrown { try await world.main.connect() }
            XCTAssertEqual(error?.status, status)
            XCTAssertEqual(world.http.underWay, 0)
            await world.bridge.close()
        }
        for refusal in [TransportFailure("", status: 429), TransportFailure("", status: 503, retryAfter: 0.01)] {
            let world = try make()
            world.sockets.refusals = [refusal]
            async let sid = world.main.connect()
            _ = try await world.sockets.welcome()
            _ = try await sid
            XCTAssertEqual(world.bridge.transport, .webSocket)
            await world.bridge.close()
        }
    }

    @CrossroomActor
    func testAHandshakeThatHangsFallsBackInHalfOfTheAttemptsTime() async throws {
        let world = try make {
            $0.reconnect.timeout = 4
            $0.transport = { _ in
                try await Task.sleep(nanoseconds: 20_000_000_000)
                throw TransportFailure("never")
            }
        }
        async let sid = world.main.connect()
        _ = try await takeHTTP(world)
        _ = try await sid
        XCTAssertEqual(world.bridge.transport, .sse)
        try await close(world)
    }

    @CrossroomActor
    func testAHandshakeThatFailsWithoutAReasonIsTriedWithoutTheSubprotocolFirst() async throws {
        let world = try make()
        world.sockets.refusals = [TransportFailure("cut"), TransportFailure("cut")]
        async let sid = world.main.connect()
        _ = try await takeHTTP(world)
        _ = try await sid
        XCTAssertEqual(world.sockets.attempts.map(\.subprotocol), ["crossroom.v1", nil])
        try await close(world)
    }

    @CrossroomActor
    func testANetworkThatIsNotThereIsTriedAgainWithTheWebSocket() async throws {
        let world = try make()
        world.sockets.refusals = [TransportFailure("no network", isUnreached: true)]
        async let sid = world.main.connect()
        _ = try await world.sockets.welcome()
        _ = try await sid
        XCTAssertEqual(world.http.underWay, 0)
        await world.bridge.close()
    }

    @CrossroomActor
    func testWithoutABridgeOverHTTPTheRefusalOfTheWebSocketCounts() async throws {
        let world = try make()
        world.sockets.refusals = [TransportFailure("no", status: 400)]
        async let error = thrown { try await world.main.connect() }
        try await world.http.request("POST").answer(404)
        let refused = await error
        XCTAssertEqual(refused?.code, .refused)
        XCTAssertEqual(refused?.status, 400)
        // And for five minutes nobody asks again.
        world.sockets.refusals = [TransportFailure("no", status: 400)]
        let again = await thrown { try await world.main.connect() }
        XCTAssertEqual(again?.status, 400)
        XCTAssertEqual(world.http.underWay, 0)
        world.clock.now += 300_000
        world.sockets.refusals = [TransportFailure("no", status: 400)]
        async let sid = world.main.connect()
        _ = try await takeHTTP(world)
        _ = try await sid
        try await close(world)
    }

    @CrossroomActor
    func testARefusalOverHTTPIsARefusal() async throws {
        let world = try make()
        world.sockets.refusals = [TransportFailure("no", status: 404)]
        async let error = thrown { try await world.main.connect() }
        try await world.http.request("POST").answer(403, ["error": ["code": "forbidden", "message": "no"]])
        let refused = await error
        XCTAssertEqual(refused?.status, 403)
        await world.bridge.close()
    }

    @CrossroomActor
    func testAnOpeningWithoutAnAnswerOrWithAProxysIsFollowedByTheWebSocket() async throws {
        for status in [nil, 408, 429, 502, 503] {
            let world = try make()
            world.sockets.refusals = [TransportFailure("no", status: 400)]
            async let sid = world.main.connect()
            let opening = try await world.http.request("POST")
            if let status { opening.answer(status) } else { opening.cut() }
            _ = try await world.sockets.welcome()
            _ = try await sid
            XCTAssertEqual(world.bridge.transport, .webSocket)
            await world.bridge.close()
        }
    }

    @CrossroomActor
    func testWhatWorkedIsRememberedForTenMinutesHoweverOftenItIsUsed() async throws {
        let world = try make()
        world.sockets.refusals = [TransportFailure("no", status: 426)]
        async let sid = world.main.connect()
        var stream = try await takeHTTP(world)
        _ = try await sid
        for _ in 0..<2 {
            world.clock.now += 299_000
            stream.say("event: close\ndata: {\"code\":4501,\"reason\":\"\"}\n\n")
            stream = try await takeHTTP(world)
        }
        XCTAssertEqual(world.sockets.attempts.count, 1)
        world.clock.now += 2_000
        stream.say("event: close\ndata: {\"code\":4501,\"reason\":\"\"}\n\n")
        _ = try await world.sockets.welcome()
        XCTAssertEqual(world.sockets.attempts.count, 2)
        await world.bridge.close()
    }

    @CrossroomActor
    func testAWayThatOpensNoSessionIsForgotten() async throws {
        let world = try make()
        world.sockets.refusals = [TransportFailure("no", status: 426)]
        async let sid = world.main.connect()
        let stream = try await takeHTTP(world)
        _ = try await sid
        stream.say("event: close\ndata: {\"code\":4501,\"reason\":\"\"}\n\n")
        try await world.http.request("POST").cut()
        _ = try await world.sockets.welcome()
        await world.bridge.close()
    }

    @CrossroomActor
    func testAWebSocketThatTakesAFrameAndEndsWithoutAnAnswerIsFollowedByHTTP() async throws {
        let world = try make()
        async let sid = world.main.connect()
        let socket = try await world.sockets.accept()
        _ = try await socket.frame()
        socket.end()
        _ = try await takeHTTP(world)
        _ = try await sid
        XCTAssertEqual(world.bridge.transport, .sse)
        try await close(world)
    }

    @CrossroomActor
    func testAWebSocketThatEndsInFormOrAfterAnAnswerIsTriedAgain() async throws {
        let world = try make()
        async let sid = world.main.connect()
        let closed = try await world.sockets.accept()
        _ = try await closed.frame()
        closed.end(4501)
        let cut = try await world.sockets.welcome()
        _ = try await sid
        cut.end()
        _ = try await world.sockets.welcome()
        XCTAssertEqual(world.http.underWay, 0)
        await world.bridge.close()
    }

    @CrossroomActor
    func testHTTPCanBeTurnedOffAndNoWayIsAnError() async throws {
        let world = try make { $0.transports = [.webSocket] }
        world.sockets.refusals = [TransportFailure("no", status: 400)]
        let error = await thrown { try await world.main.connect() }
        XCTAssertEqual(error?.status, 400)
        await world.bridge.close()
        let none = await thrown { try make { $0.transports = [] } }
        XCTAssertEqual(none?.code, .invalidArgument)
    }

    @CrossroomActor
    func testMemoryIsOfAPlaceAndOfItsTime() async {
        let memory = TransportMemory()
        memory.fellBack(to: .sse, at: "a", 0)
        XCTAssertEqual(memory.kind(at: "a", 599_999), .sse)
        XCTAssertNil(memory.kind(at: "b", 0))
        // Polls count from their own time.
        memory.fellBack(to: .polling, at: "a", 500_000)
        XCTAssertEqual(memory.kind(at: "a", 1_099_999), .polling)
        XCTAssertNil(memory.kind(at: "a", 1_100_000))
        memory.hasNoHTTP(at: "a", 0)
        XCTAssertNil(memory.kind(at: "a", 1))
        XCTAssertFalse(memory.mayFallBack(at: "a", 299_999))
        XCTAssert(memory.mayFallBack(at: "a", 300_000))
    }
}
