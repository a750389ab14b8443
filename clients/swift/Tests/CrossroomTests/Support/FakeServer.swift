import Foundation

@testable import Crossroom

/// A server in memory, which the test plays.
@CrossroomActor
final class FakeServer {
    /// How the next connects fail, one by one; then they succeed.
    var refusals: [TransportFailure] = []
    /// Sockets that the client has not closed, and not been told the end of.
    private(set) var open = 0
    private(set) var attempts: [TransportRequest] = []

    private let sockets = Subscription<FakeSocket>(limit: .max) { _ in }

    init() {}

    nonisolated var factory: TransportFactory {
        { [self] request in try await connect(request) }
    }

    /// The next connection that is made.
    func accept() async throws -> FakeSocket {
        try await withDeadline("accept") { [sockets] in try await sockets.next()! }
    }

    /// Accepts a connection, and its `connect`.
    func welcome(_ more: [String: Value] = [:]) async throws -> FakeSocket {
        let socket = try await accept()
        let connect = try await socket.frame()
        socket.auth = connect["auth"]
        socket.push(
            [
                "type": "connected", "sid": "s1", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 100_000,
            ], more)
        return socket
    }

    /// The same of a rooms server.
    func welcomeRooms(_ user: String = "ada", _ more: [String: Value] = [:]) async throws -> FakeSocket {
        let socket = try await welcome()
        let device = socket.auth?["device"] ?? "d"
        socket.event(
            "welcome",
            .object(["user": .string(user), "name": "Ada", "sid": "s1", "device": device, "guest": false].merging(more) { $1 }))
        return socket
    }

    private func connect(_ request: TransportRequest) async throws -> FakeSocket {
        attempts.append(request)
        if !refusals.isEmpty { throw refusals.removeFirst() }
        open += 1
        let socket = FakeSocket { self.open -= 1 }
        sockets.push(socket)
        return socket
    }
}

/// A connection to it.
@CrossroomActor
final class FakeSocket: WebSocketTransport {
    nonisolated let reportsPings = true
    var auth: Value?
    /// Messages that the client has not read.
    var unread: Int { incoming.count }

    private let incoming = Subscription<TransportMessage>(limit: .max) { _ in }
    private let frames = Subscription<Value>(limit: .max) { _ in }
    private var failure = TransportFailure("closed by the client")
    private var ended: (@CrossroomActor () -> Void)?

    init(_ ended: @escaping @CrossroomActor () -> Void) { self.ended = ended }

    /// The next frame of the client's; pings apart.
    func frame() async throws -> Value {
        while true {
            let frame = try await withDeadline("frame") { [frames] in try await frames.next() }
            guard let frame else { throw DeadlineExceeded(what: "a frame: the connection has ended") }
            if frame["type"] != "ping" { return frame }
        }
    }

    /// The next call of this name, with its argument.
    func call(_ name: String) async throws -> (id: Value, argument: Value) {
        let frame = try await frame()
        guard frame["event"] == .string(name), let id = frame["id"] else {
            throw DeadlineExceeded(what: "call of \(name), not \(frame)")
        }
        return (id, frame["args"]?[0] ?? .null)
    }

    func ack(_ id: Value, _ result: [String: Value] = [:]) {
        push(["type": "ack", "id": id, "args": [.object(result.merging(["ok": true]) { $1 })]])
    }

    func refuse(_ id: Value, _ code: String, retryable: Bool = false) {
        let error: Value = ["code": .string(code), "message": "no", "retryable": .bool(retryable)]
        push(["type": "ack", "id": id, "args": [["ok": false, "error": error]]])
    }

    func event(_ name: String, _ args: Value...) {
        push(["type": "event", "event": .string(name), "args": .array(args)])
    }

    func push(_ frame: [String: Value], _ more: [String: Value] = [:]) {
        guard let text = try? Value.object(frame.merging(more) { $1 }).json() else { return }
        incoming.push(.text(text))
    }

    func raw(_ message: TransportMessage) { incoming.push(message) }

    /// Ends the connection.
    func end(_ code: Int? = nil) {
        failure = TransportFailure("ended by the server", closeCode: code)
        over()
    }

    func send(_ text: String) async throws { Value(json: text).map { frames.push($0) } }

    func receive() async throws -> TransportMessage {
        guard let message = try await incoming.next() else { throw failure }
        return message
    }

    func close(abrupt: Bool) async { over() }

    private func over() {
        incoming.end()
        frames.end()
        ended?()
        ended = nil
    }
}
