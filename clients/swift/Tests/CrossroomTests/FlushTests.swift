import XCTest

@testable import Crossroom

/// A backlog leaves at the server's pace, in order, and whole; or its caller hears of it (docs/sdk.md, 2.11 and 2.12).
final class FlushTests: XCTestCase, @unchecked Sendable {
    private static let rate: [String: Value] = ["rate": ["perSecond": 1_000, "burst": 10]]

    @CrossroomActor
    private func make(_ server: FakeServer, _ environment: Environment) throws -> (Bridge, Namespace) {
        let options = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transports: [.webSocket], transport: server.factory)
        let bridge = try Bridge("http://server", options: options, environment: environment)
        return (bridge, bridge.namespace())
    }

    @CrossroomActor
    private func connected(_ server: FakeServer, rate: [String: Value] = rate, _ environment: Environment = .fast) async throws -> (
        Bridge, Namespace, FakeSocket
    ) {
        let (bridge, main) = try make(server, environment)
        async let socket = server.welcome(rate)
        try await main.connect()
        return (bridge, main, try await socket)
    }

    /// The next `count` frames, as "a0" for an event "a" with the argument 0, or else their type.
    @CrossroomActor
    private func frames(_ count: Int, _ socket: FakeSocket) async throws -> [String] {
        var seen: [String] = []
        while seen.count < count {
            let frame = try await socket.frame()
            seen.append(frame["event"]?.string.map { "\($0)\(frame["args"]?[0]?.int ?? -1)" } ?? frame["type"]?.string ?? "")
        }
        return seen
    }

    @CrossroomActor
    func testABacklogLeavesInOrderAndAcksGoFirst() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server, rate: ["rate": ["perSecond": 20, "burst": 10]])
        var events = main.events().makeAsyncIterator()
        for n in 0..<40 as Range<Int64> { try main.emit("a", .int(n)) }
        socket.push(["type": "event", "event": "q", "args": [], "id": 7])
        guard case .event(let question)? = try await events.next() else { return XCTFail("no event") }
        try question.responder?.answer()
        let seen = try await frames(41, socket)
        XCTAssertEqual(seen.filter { $0 != "ack" }, (0..<40).map { "a\($0)" })
        XCTAssertLessThan(try XCTUnwrap(seen.firstIndex(of: "ack")), 40)
        await bridge.close()
    }

    @CrossroomActor
    func testWhatWasEmittedBeforeADisconnectLeavesBeforeIt() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        for n in 0..<100 as Range<Int64> { try main.emit("a", .int(n)) }
        main.disconnect()
        // Of the next time.
        try main.emit("b", 0)
        main.open()
        let seen = try await frames(102, socket)
        XCTAssertEqual(seen, (0..<100).map { "a\($0)" } + ["disconnect", "connect"])
        socket.push(["type": "connected", "sid": "s2", "pingInterval": 1e4, "pingTimeout": 1e4, "maxPayload": 1e5])
        let next = try await frames(1, socket)
        XCTAssertEqual(next, ["b0"])
        await bridge.close()
    }

    @CrossroomActor
    func testWhatHasNotLeftOutlastsTheConnection() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server, rate: ["rate": ["perSecond": 1, "burst": 10]])
        for n in 0..<20 as Range<Int64> { try main.emit("a", .int(n)) }
        _ = try await frames(8, socket)
        socket.end()
        let again = try await server.welcome(Self.rate)
        let seen = try await frames(12, again)
        XCTAssertEqual(seen, (8..<20).map { "a\($0)" })
        await bridge.close()
    }

    @CrossroomActor
    func testFlushWaitsUntilAllHasLeftAndIsAnswered() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        async let answer = main.call("ask")
        let (id, _) = try await socket.call("ask")
        for n in 0..<100 as Range<Int64> { try main.emit("a", .int(n)) }
        async let unsent = bridge.flush(timeout: 3_600)
        let seen = try await frames(100, socket)
        XCTAssertEqual(seen.last, "a99")
        socket.push(["type": "ack", "id": id, "args": []])
        _ = try await answer
        let count = await unsent
        XCTAssertEqual(count, 0)
        await bridge.close()
    }

    @CrossroomActor
    func testFlushSaysWhatDidNotMakeIt() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server)
        async let lost = thrown { try await main.call("ask", timeout: 3_600) }
        _ = try await socket.call("ask")
        let count = await bridge.flush(timeout: 1)
        XCTAssertEqual(count, 1)
        bridge.enterBackground()
        for n in 0..<5 as Range<Int64> { try main.emit("a", .int(n)) }
        let unsent = await bridge.close(timeout: 1)
        XCTAssertEqual(unsent, 5)
        let code = await lost?.code
        XCTAssertEqual(code, .disconnected)
    }

    @CrossroomActor
    func testCloseHandsOverWhatTheConnectionTakesAtOnce() async throws {
        let server = FakeServer()
        let (bridge, main, socket) = try await connected(server, rate: ["rate": ["perSecond": 0.01, "burst": 500]], .real)
        for n in 0..<500 as Range<Int64> { try main.emit("a", .int(n)) }
        async let unsent = bridge.close()
        let seen = try await frames(450, socket)
        XCTAssertEqual(seen.prefix(449), (0..<449).map { "a\($0)" }[...])
        XCTAssertEqual(seen.last, "disconnect")
        let count = await unsent
        XCTAssertEqual(count, 51)
    }

    @CrossroomActor
    func testRoomsSayWhatTheServerHasNotAcked() async throws {
        let server = FakeServer()
        let options = RoomsOptions(device: "d", bridge: BridgeOptions(transports: [.webSocket], transport: server.factory))
        let rooms = try Rooms("http://server", options, .fast)
        async let sent = rooms.send(1, to: "bob", id: "a")
        async let lost = thrown { try await rooms.send(2, to: "cy", id: "b") }
        let socket = try await server.welcomeRooms()
        for _ in 0..<2 {
            let (id, call) = try await socket.call("send")
            if call["id"] == "a" { socket.ack(id, ["id": "a", "at": 1]) }
        }
        _ = try await sent
        let unsent = await rooms.close(timeout: 1)
        XCTAssertEqual(unsent, 1)
        let code = await lost?.code
        XCTAssertEqual(code, .closed)
    }
}
