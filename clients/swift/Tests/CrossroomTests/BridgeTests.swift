import XCTest

@testable import Crossroom

/// A connection: how it is made, what ends it, and what it costs.
final class BridgeTests: BridgeTestCase, @unchecked Sendable {
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

    func testWhatIsNoURLOfAServerIsRefused() {
        for url in ["", "server", "ftp://server", "http://", "/path"] {
            XCTAssertThrowsError(try Bridge(url), url) { XCTAssertEqual(($0 as? CrossroomError)?.code, .invalidArgument) }
        }
    }
}
