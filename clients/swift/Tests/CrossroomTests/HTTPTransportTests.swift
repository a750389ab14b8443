import XCTest

@testable import Crossroom

/// A bridge over HTTP, against a server that the test plays (PROTOCOL.md, 12).
final class HTTPTransportTests: XCTestCase, @unchecked Sendable {
    private let connected: Value = [
        "type": "connected", "sid": "s1", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 100_000,
    ]

    @CrossroomActor
    private func make(_ server: FakeHTTPServer, _ change: (inout BridgeOptions) -> Void = { _ in }) throws -> Bridge {
        var options = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transports: [.sse, .polling], http: server.stack)
        change(&options)
        var environment = Environment.real
        environment.memory = TransportMemory()
        return try Bridge("http://server/?a=b", options: options, environment: environment)
    }

    /// A bridge that is connected, its namespace, and the stream.
    @CrossroomActor
    private func connected(_ server: FakeHTTPServer, _ change: (inout BridgeOptions) -> Void = { _ in }) async throws
        -> (Bridge, Namespace, FakeExchange)
    {
        let bridge = try make(server, change)
        let main = bridge.namespace()
        async let sid = main.connect()
        try await server.welcome()
        let stream = try await server.read(isStream: true)
        stream.open()
        let post = try await server.request("POST")
        XCTAssertEqual(post.frames.map { $0["type"] }, ["connect", "ping"])
        post.answer(200, ["received": 2])
        stream.push(connected)
        stream.push(["type": "pong"])
        _ = try await sid
        return (bridge, main, stream)
    }

    /// Closes it, and answers the DELETE.
    @CrossroomActor
    private func close(_ bridge: Bridge, _ server: FakeHTTPServer) async throws {
        async let closed = bridge.close()
        try await server.sayGoodbye()
        _ = await closed
        XCTAssertEqual(server.underWay, 0)
        XCTAssertNil(bridge.transport)
    }

    @CrossroomActor
    func testASessionIsOpenedWithTheApplicationsHeadersAndLeftWithADelete() async throws {
        let server = FakeHTTPServer()
        let bridge = try make(server) { $0.headers = { ["X-App": "1"] } }
        let main = bridge.namespace()
        var events = main.events().makeAsyncIterator()
        async let sid = main.connect()
        let opening = try await server.welcome()
        XCTAssertEqual(opening.request.url.absoluteString, "http://server/bridge?a=b")
        XCTAssertEqual(opening.headers, ["X-App": "1"])
        XCTAssertEqual(opening.request.body, [])
        let stream = try await server.read(isStream: true)
        let expected = ["X-App": "1", "Crossroom-Session": "n1.s", "Crossroom-Ack": "0", "Accept": "text/event-stream"]
        XCTAssertEqual(stream.headers, expected)
        stream.open()
        let post = try await server.request("POST")
        XCTAssertEqual(post.headers["Crossroom-Seq"], "0")
        post.answer(200, ["received": 2])
        stream.push(connected)
        let said = try await sid
        XCTAssertEqual(said, "s1")
        XCTAssertEqual(bridge.transport, .sse)
        guard case .connected(_, _, .sse) = try await events.next() else { return XCTFail("not connected over a stream") }
        try await close(bridge, server)
    }

    @CrossroomActor
    func testEventsAndCallsGoInOrderAndThoseOfAPostThatIsUnderWayTogether() async throws {
        let server = FakeHTTPServer()
        let (bridge, main, stream) = try await connected(server)
        try main.emit("a")
        let first = try await server.request("POST")
        try main.emit("b")
        async let answer = main.call("c")
        XCTAssertEqual(first.frames.map { $0["event"] }, ["a"])
        // The answer is lost: the same again, under the same number.
        first.cut()
        let again = try await server.request("POST")
        XCTAssertEqual(again.headers["Crossroom-Seq"], first.headers["Crossroom-Seq"])
        XCTAssertEqual(again.frames.first?["event"], "a")
        again.answerReceived()
        var events = again.frames.map { $0["event"]?.string ?? "" }
        var id: Value = .null
        while events.count < 3 {
            let next = try await server.request("POST")
            next.answerReceived()
            events += next.frames.map { $0["event"]?.string ?? "" }
            id = next.frames.first { $0["event"] == "c" }?["id"] ?? id
        }
        XCTAssertEqual(events, ["a", "b", "c"])
        stream.push(["type": "ack", "id": id, "args": [7]])
        let args = try await answer
        XCTAssertEqual(args, [7])
        try await close(bridge, server)
    }

    @CrossroomActor
    func testAnAnswerThatIsCutInTheMiddleGoesOnWhereItWas() async throws {
        let server = FakeHTTPServer()
        let (bridge, main, stream) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        stream.push(["type": "event", "event": "one", "args": []])
        stream.say("data: {\"type\":\"event\",\"ev")
        stream.cut()
        let next = try await server.read(isStream: true)
        XCTAssertEqual(next.headers["Crossroom-Ack"], "3")
        next.open(2)
        next.push(["type": "event", "event": "one", "args": []])
        next.push(["type": "event", "event": "two", "args": []])
        var names: [String] = []
        while names.count < 2 { if case .event(let event)? = try await events.next() { names.append(event.name) } }
        XCTAssertEqual(names, ["one", "two"])
        try await close(bridge, server)
    }

    @CrossroomActor
    func testAStreamThatIsHeldUpBecomesPollsWithinTheSessionAndIsTold() async throws {
        let server = FakeHTTPServer()
        let bridge = try make(server)
        let main = bridge.namespace()
        var events = main.events().makeAsyncIterator()
        async let sid = main.connect()
        try await server.welcome()
        _ = try await server.read(isStream: true)
        let post = try await server.request("POST")
        post.answer(200, ["received": 2])
        // 3 s later.
        let poll = try await server.read(isStream: false)
        XCTAssertEqual(poll.headers["Crossroom-Session"], "n1.s")
        poll.open()
        poll.push(connected)
        poll.end()
        _ = try await sid
        XCTAssertEqual(bridge.transport, .polling)
        guard case .connected(_, _, .polling) = try await events.next() else { return XCTFail("not connected over polls") }
        let next = try await server.read(isStream: false)
        XCTAssertEqual(next.headers["Crossroom-Ack"], "1")
        try await close(bridge, server)
    }

    @CrossroomActor
    func testAChangeWhileConnectedIsTold() async throws {
        let server = FakeHTTPServer()
        let bridge = try make(server)
        let main = bridge.namespace()
        var events = main.events().makeAsyncIterator()
        async let sid = main.connect()
        try await server.welcome()
        let stream = try await server.read(isStream: true)
        stream.open()
        try await server.request("POST").answer(200, ["received": 2])
        // But no pong.
        stream.push(connected)
        _ = try await sid
        guard case .connected(_, _, .sse) = try await events.next() else { return XCTFail("not connected over a stream") }
        _ = try await server.read(isStream: false)
        guard case .transportChanged(.polling) = try await events.next() else { return XCTFail("the change was not told") }
        try await close(bridge, server)
    }

    @CrossroomActor
    func testASessionThatIsUnknownIsLostAndAnotherOneIsOpened() async throws {
        let server = FakeHTTPServer()
        let (bridge, main, stream) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        stream.push(["type": "event", "event": "x", "args": []])
        stream.end()
        try await server.read(isStream: true).answer(404, ["error": ["code": "unknown_session", "message": ""]])
        guard case .event? = try await events.next(), case .disconnected(let end)? = try await events.next() else {
            return XCTFail("the end was not told")
        }
        XCTAssertFalse(end.isFinal)
        XCTAssertNil(end.closeCode)
        try await server.welcome(["session": "n1.other"])
        let other = try await server.read(isStream: true)
        XCTAssertEqual(other.headers["Crossroom-Session"], "n1.other")
        XCTAssertEqual(other.headers["Crossroom-Ack"], "0")
        try await server.request("POST").answerReceived()
        try await close(bridge, server)
    }

    @CrossroomActor
    func testACloseCodeIsThatOfAWebSocket() async throws {
        let server = FakeHTTPServer()
        let (bridge, main, stream) = try await connected(server)
        var events = main.events().makeAsyncIterator()
        stream.say("event: close\ndata: {\"code\":4403,\"reason\":\"token_revoked\"}\n\n")
        guard case .disconnected(let end)? = try await events.next() else { return XCTFail("the end was not told") }
        XCTAssertEqual(end, Disconnection(isFinal: true, closeCode: 4403, reason: "token_revoked"))
        await bridge.close()
    }

    @CrossroomActor
    func testARefusalIsThatOfAWebSocket() async throws {
        let server = FakeHTTPServer()
        let bridge = try make(server)
        async let error = thrown { try await bridge.namespace().connect() }
        try await server.request("POST").answer(401, ["error": ["code": "unauthorized", "message": "no"]])
        let refused = await error
        XCTAssertEqual(refused?.code, .refused)
        XCTAssertEqual(refused?.status, 401)
        await bridge.close()
    }

    @CrossroomActor
    func testAnotherNetworkIsReadAnewAtOnceWithinTheSession() async throws {
        let server = FakeHTTPServer()
        let (bridge, _, _) = try await connected(server)
        bridge.networkChanged()
        let next = try await server.read(isStream: true)
        XCTAssertEqual(server.renewals, 1)
        XCTAssertEqual(next.headers["Crossroom-Session"], "n1.s")
        next.open(2)
        try await close(bridge, server)
    }

    @CrossroomActor
    func testWhatAnApplicationReadsSlowlyIsNotReadFromTheNetwork() async throws {
        let server = FakeHTTPServer()
        let (bridge, main, stream) = try await connected(server) { $0.maxUnread = 5 }
        let slow = main.events()
        for index in 0..<200 { stream.push(["type": "event", "event": "x", "args": [.int(Int64(index))]]) }
        stream.end()
        // Nothing is asked for before it has read on; then all is there, in order.
        var got: [Int64] = []
        for try await event in slow {
            if case .event(let event) = event, let number = event.args.first?.int { got.append(number) }
            if got.count == 200 { break }
        }
        XCTAssertEqual(got, Array(0..<200))
        let next = try await server.read(isStream: true)
        XCTAssertEqual(next.headers["Crossroom-Ack"], "202")
        try await close(bridge, server)
    }
}
