import Foundation
import XCTest

@testable import Crossroom

/// What the layers do with what the server, the network and the application may come to.
final class ClientTests: RoomsTestCase, @unchecked Sendable {
    @CrossroomActor
    private func comeBack(_ server: FakeServer) async throws -> FakeSocket {
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("join")
        socket.ack(id, ["position": at(0).value, "members": [], "count": 0, "recovered": true, "messages": []])
        return socket
    }

    @CrossroomActor
    func testWhatCannotSucceedFailsAtOnceAndWhatIsBehindItGoesOn() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server, welcome: ["messageBytes": 20])
        let binary = Value.binary(Data([1]))
        let refused: [(Value, ErrorCode)] = [
            (.array(Array(repeating: binary, count: 11)), .invalidArgument), (["_placeholder": true, "b": binary], .invalidArgument),
            (["__proto__": 1], .invalidArgument), (.double(.nan), .invalidArgument),
            ((0..<101).reduce(1) { value, _ in [value] }, .invalidArgument),
            (.string(String(repeating: "é", count: 10)), .messageTooLarge),
        ]
        for (data, code) in refused {
            let errors = await [thrown { try await room.publish(data) }, thrown { try await rooms.send(data, to: "bob") }]
            XCTAssertEqual(errors.map { $0?.code }, [code, code], "\(data)")
            XCTAssertThrowsError(try room.signal(data))
        }
        async let result = room.publish(["data": .binary(Data(count: 10))] as Value, id: "a")
        let (id, _) = try await socket.call("publish")
        socket.ack(id, ["id": "a", "position": at(1).value, "at": 1])
        _ = try await result
        await rooms.close()
    }

    func testFramesThatTheServerWouldRefuseAreNotSent() throws {
        func encoded(_ args: Value...) throws -> String { try ClientFrame.event(ns: "/", name: "x", args: args, id: nil).encoded() }
        let binary = Value.binary(Data([1]))
        let refused: [Value] = [
            ["_placeholder": true, "b": binary], ["__proto__": 1, "b": binary], (0..<121).reduce(1) { value, _ in [value] },
        ]
        for value in refused {
            XCTAssertThrowsError(try encoded(value)) { XCTAssertEqual(($0 as? CrossroomError)?.code, .invalidArgument) }
        }
        // Socket.IO misreads them beside binary alone.
        XCTAssertNoThrow(try encoded(["_placeholder": true], ["__proto__": 1], (0..<120).reduce(1) { value, _ in [value] }))
        XCTAssertNoThrow(try encoded(["_placeholder": 1], binary))
    }

    @CrossroomActor
    func testAnErrorFrameFailsItsCallWithItsCode() async throws {
        let server = FakeServer()
        let (rooms, room, socket) = try await inRoom(server)
        async let refused = thrown { try await room.publish(1) }
        let (id, _) = try await socket.call("publish")
        socket.push(["type": "error", "code": "too_many_attachments", "message": "m", "id": id])
        let code = await refused?.code
        XCTAssertEqual(code, "too_many_attachments")
        await rooms.close()
    }

    @CrossroomActor
    func testWhatSomethingOnTheWayDoesNotTakeFailsAndTheSessionLives() async throws {
        for (closeCode, count) in [(1009, 3), (1006, 5)] as [(Int?, Int)] {
            let server = FakeServer()
            let (rooms, room, first) = try await inRoom(server)
            var socket = first
            async let error = thrown { try await room.publish(String(repeating: "x", count: 10_000)) }
            async let small = rooms.send(1, to: "bob", id: "s")
            for _ in 0..<count {
                for _ in 0..<2 { _ = try await socket.frame() }
                socket.end(closeCode)
                socket = try await comeBack(server)
            }
            let code = await error?.code
            XCTAssertEqual(code, .messageTooLarge)
            let (id, _) = try await socket.call("send")
            socket.ack(id, ["id": "s", "at": 1])
            _ = try await small
            await rooms.close()
        }
    }

    @CrossroomActor
    func testTheReconnectPolicyHoldsWhereCredentialsFail() async throws {
        let server = FakeServer()
        let count = Counter()
        let delays = Delays()
        var options = BridgeOptions(
            reconnect: ReconnectOptions(minDelay: 2, maxDelay: 4, jitter: 0, maxAttempts: 3), transports: [.webSocket],
            transport: server.factory)
        options.auth = {
            _ = await count.next()
            throw CrossroomError(.unavailable, "no", isRetryable: true)
        }
        let bridge = try Bridge("http://server", options: options, environment: delays.environment)
        let error = await thrown { try await bridge.namespace().connect() }
        XCTAssertEqual(error?.code, .unavailable)
        XCTAssertEqual(count.value, 4)
        XCTAssertEqual(delays.all.filter { $0 < 10_000 && $0 >= 1_000 }, [2_000, 4_000, 4_000])
        await bridge.close()
    }

    @CrossroomActor
    func testASubprotocolThatIsInTheWayIsLeftOutForAsLongAsThatWorks() async throws {
        let server = FakeServer()
        let factory = server.factory
        var options = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01))
        options.transport = { request in
            if request.subprotocol != nil { throw TransportFailure("no subprotocol was selected") }
            return try await factory(request)
        }
        let bridge = try Bridge("http://server", options: options, environment: .fast)
        async let sid = bridge.namespace().connect()
        let socket = try await server.welcome()
        _ = try await sid
        socket.end()
        _ = try await server.welcome()
        XCTAssertEqual(server.attempts.map(\.subprotocol), [nil, nil])
        await bridge.close()
    }

    @CrossroomActor
    func testASlowStorageHoldsUpNobodyElse() async throws {
        let slow = SlowStorage()
        let (server, other) = (FakeServer(), FakeServer())
        let rooms = try make(server) {
            $0.storage = slow
            $0.device = nil
        }
        let stalled = Task { try await rooms.ready() }
        while !slow.isCalled { await Task.yield() }
        let quick = try make(other)
        async let ready = quick.ready()
        _ = try await other.welcomeRooms()
        _ = try await ready
        await quick.close()
        slow.goOn()
        _ = try await server.welcomeRooms()
        _ = try await stalled.value
        await rooms.close()
    }

    @CrossroomActor
    func testTheNewestGuestTokenIsKeptAndReadFromTheStorageAtEachConnect() async throws {
        let server = FakeServer()
        let storage = MemoryStorage()
        let rooms = try make(server) { $0.storage = storage }
        async let ready = rooms.ready()
        let socket = try await server.welcomeRooms("guest-1", ["guest": true, "token": "g1"])
        _ = try await ready
        socket.event("token_renewed", ["token": "g2"])
        while storage.get("crossroom.guest") != "g2" { await Task.yield() }
        // Of another client, in another window say.
        storage.set("crossroom.guest", "g3")
        socket.end()
        let again = try await server.welcomeRooms("guest-1", ["guest": true, "token": "g4"])
        XCTAssertEqual(again.auth?["token"], "g3")
        while storage.get("crossroom.guest") != "g4" { await Task.yield() }
        await rooms.close()
    }

    @CrossroomActor
    func testAnInboxThatIsTakenIsNotTakenBackAndGoesOnWhenTheOtherHasGone() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        var events = rooms.events().makeAsyncIterator()
        let processed = Subscription<Int64>(limit: .max) { _ in }
        async let waiting = rooms.inbox.process { item in await processed.push(item.position.offset) }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": at(0).value, "waiting": 0, "known": true, "recovered": false])
        _ = try await waiting
        socket.event("device_taken", ["sid": "s2"])
        func item(_ offset: Int64) -> Value {
            ["type": "receipt", "id": "i", "position": at(offset).value, "from": ["user": "u"], "at": 1]
        }
        socket.event("inbox", item(1))
        let (ack, _) = try await socket.call("inbox_ack")
        socket.refuse(ack, "inbox_not_open")
        socket.event("device_returned", [:])
        // The position that was not told; and not `inbox`, which would take it away.
        let (again, call) = try await socket.call("inbox_ack")
        XCTAssertEqual(call, ["position": at(1).value])
        socket.ack(again, ["cursor": at(1).value])
        for offset in [1, 2] as [Int64] { socket.event("inbox", item(offset)) }
        let seen = try await [processed.next(), processed.next()]
        XCTAssertEqual(seen, [1, 2])
        var told: [String] = []
        while told.count < 3, let event = try await events.next() {
            switch event {
            case .deviceTaken(let sid): told.append("taken by \(sid)")
            case .deviceReturned: told.append("returned")
            case .inboxLost: told.append("lost")
            default: break
            }
        }
        XCTAssertEqual(told, ["lost", "taken by s2", "returned"])
        await rooms.close()
    }
}

/// Notes what is waited for, and does not wait.
@CrossroomActor
private final class Delays {
    private(set) var all: [Double] = []

    var environment: Environment {
        var environment = Environment.fast
        environment.after = { milliseconds, body in
            self.all.append(milliseconds)
            return Environment.fast.after(milliseconds, body)
        }
        return environment
    }
}

/// Blocks until it is told to go on.
private final class SlowStorage: Storage, @unchecked Sendable {
    private let released = DispatchSemaphore(value: 0)
    private let memory = MemoryStorage()
    private let lock = NSLock()
    private var wasCalled = false

    var isCalled: Bool { lock.withLock { wasCalled } }

    func goOn() { for _ in 0..<100 { released.signal() } }

    func get(_ key: String) throws -> String? {
        lock.withLock { wasCalled = true }
        released.wait()
        return memory.get(key)
    }

    func set(_ key: String, _ value: String) { memory.set(key, value) }

    func remove(_ key: String) { memory.remove(key) }
}
