/// A way for frames to go between client and server.
public enum TransportKind: String, Sendable, CaseIterable {
    /// One WebSocket.
    case webSocket = "websocket"
    /// HTTP: a stream of server-sent events one way, POST the other.
    case sse = "sse"
    /// HTTP: long polling one way, POST the other.
    case polling = "polling"
}

/// What worked where, of all clients of a program (PROTOCOL.md, 12.16 and 12.17; docs/sdk.md, 6.3). Times in milliseconds of the caller's
/// clock.
@CrossroomActor
final class TransportMemory {
    nonisolated static let shared = TransportMemory()

    private struct Entry {
        var kind: TransportKind?
        var kindUntil = 0.0
        var noHTTPUntil = 0.0
    }

    /// Milliseconds for which HTTP goes before the WebSocket once it was needed.
    private static let kindLasts = 600_000.0
    /// Milliseconds for which HTTP is left alone where there is none.
    private static let noHTTPLasts = 300_000.0

    private var entries: [String: Entry] = [:]

    nonisolated init() {}

    /// What is to be tried before the WebSocket.
    func kind(at url: String, _ now: Double) -> TransportKind? {
        entries[url].flatMap { now < $0.kindUntil ? $0.kind : nil }
    }

    /// One had to fall back to this kind. That it is used again does not make the time longer.
    func fellBack(to kind: TransportKind, at url: String, _ now: Double) {
        if self.kind(at: url, now) == kind { return }
        entries[url, default: Entry()].kind = kind
        entries[url]?.kindUntil = now + Self.kindLasts
    }

    /// HTTP did not work; the WebSocket goes first again.
    func forget(_ url: String) { entries[url]?.kind = nil }

    /// There is no bridge over HTTP.
    func hasNoHTTP(at url: String, _ now: Double) {
        forget(url)
        entries[url, default: Entry()].noHTTPUntil = now + Self.noHTTPLasts
    }

    /// Whether falling back may be of use.
    func mayFallBack(at url: String, _ now: Double) -> Bool { now >= entries[url]?.noHTTPUntil ?? 0 }
}
