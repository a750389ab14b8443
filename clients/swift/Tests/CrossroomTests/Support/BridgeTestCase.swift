import XCTest

@testable import Crossroom

/// Tests of the bridge layer, against a server that the test plays.
class BridgeTestCase: XCTestCase, @unchecked Sendable {
    @CrossroomActor
    func make(_ server: FakeServer, _ change: (inout BridgeOptions) -> Void = { _ in }) throws -> Bridge {
        var options = BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transports: [.webSocket], transport: server.factory)
        change(&options)
        return try Bridge("http://server/", options: options, environment: .fast)
    }

    /// A bridge that is connected, with its socket.
    @CrossroomActor
    func connected(_ server: FakeServer, _ change: (inout BridgeOptions) -> Void = { _ in }) async throws
        -> (Bridge, Namespace, FakeSocket)
    {
        let bridge = try make(server, change)
        let main = bridge.namespace()
        async let socket = server.welcome()
        try await main.connect()
        return (bridge, main, try await socket)
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
