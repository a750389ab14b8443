import Foundation

/// A connection to a Crossroom server, with namespaces on it; made again when it is lost.
///
///     let bridge = try Bridge("http://localhost:3000")
///     let main = await bridge.namespace()
///     try await main.connect()
///     let answer = try await main.call("hello", "world")
///     await bridge.close()
///
/// It is there until `close`, though nobody holds it any more.
@CrossroomActor
public final class Bridge {
    private let connection: Connection
    private var namespaces: [[UInt8]: Namespace] = [:]
    private let errors = Broadcast<CrossroomError>()
    private var observers: [@CrossroomActor @Sendable (CrossroomError) -> Void] = []

    /// A bridge to a server; connected by the first namespace that is.
    /// - Parameter url: `http:`, `https:`, `ws:` or `wss:`. Its path is not looked at, its query is sent along.
    /// - Throws: `CrossroomError` with `invalid_argument` for what is no such URL, or where `transports` is empty.
    public nonisolated convenience init(_ url: String, options: BridgeOptions = BridgeOptions()) throws {
        try self.init(url, options: options, environment: .real)
    }

    nonisolated init(_ url: String, options: BridgeOptions, environment: Environment) throws {
        if options.transports.isEmpty { throw CrossroomError.invalidArgument("transports: there must be a way to the server") }
        let endpoint = try Self.endpoint(url, path: options.path)
        connection = Connection(url: endpoint, options: options, environment: environment)
    }

    /// A namespace; always the same one for a name. Does not connect it.
    /// - Parameter name: begins with a slash; calls on one that does not fail with `invalid_argument`.
    public func namespace(_ name: String = "/") -> Namespace {
        connection.report = { [weak self] in self?.report($0) }
        let key = Array(name.utf8)
        if let namespace = namespaces[key] { return namespace }
        let namespace = Namespace(name, on: connection)
        namespaces[key] = namespace
        return namespace
    }

    /// Which way frames go at the moment; nil without a connection.
    public var transport: TransportKind? { connection.kind }

    /// What calls for no action, but belongs in a log: attempts to connect that failed, frames that were refused or malformed.
    /// Ends with `close`; fails with `too_slow` where 1,000 wait to be read.
    public func warnings() -> EventStream<CrossroomError> {
        connection.isClosed ? errors.endedStream(nil) : errors.stream(limit: 1_000)
    }

    /// The same to a function, which is called on this actor, at once.
    public func observeWarnings(_ observer: @escaping @CrossroomActor @Sendable (CrossroomError) -> Void) {
        observers.append(observer)
    }

    /// The device's network is another one: connects now, without waiting; a connection that is open is probed, and given up if
    /// nothing comes within 5 s.
    public func networkChanged() { connection.networkChanged() }

    /// The app is in the background: closes the connection, and makes no other until `enterForeground`.
    public func enterBackground() { connection.background() }

    /// The app is back: connects again, at once.
    public func enterForeground() { connection.foreground() }

    /// Waits until all that was accepted has got away: events are with the system's socket, calls have their answers.
    /// - Parameter timeout: seconds to wait, at most.
    /// - Returns: how many events and calls did not make it. They go on.
    public func flush(timeout: Double) async -> Int { await connection.flush(timeout) }

    /// Closes the connection for good, after what the connection takes at once. What waits fails with `closed`. Returns when nothing is
    /// left; may be called again.
    /// - Parameter timeout: seconds to `flush` before, at most. Default: none, it does not wait for answers.
    /// - Returns: how many events and calls did not get away.
    @discardableResult
    public func close(timeout: Double = 0) async -> Int {
        if timeout > 0 { _ = await flush(timeout: timeout) }
        let unsent = await connection.close()
        errors.end()
        observers = []
        return unsent
    }

    private func report(_ error: CrossroomError) {
        for observer in observers { observer(error) }
        errors.push(error)
    }

    private nonisolated static func endpoint(_ text: String, path: String) throws -> URL {
        let schemes = ["http": "ws", "https": "wss", "ws": "ws", "wss": "wss"]
        guard var parts = URLComponents(string: text), let scheme = parts.scheme.flatMap({ schemes[$0.lowercased()] }),
            let host = parts.host, !host.isEmpty
        else { throw CrossroomError.invalidArgument("not the URL of a server: \(text)") }
        parts.scheme = scheme
        parts.path = path.hasPrefix("/") ? path : "/\(path)"
        parts.fragment = nil
        guard let url = parts.url else { throw CrossroomError.invalidArgument("not the URL of a server: \(text)") }
        return url
    }
}
