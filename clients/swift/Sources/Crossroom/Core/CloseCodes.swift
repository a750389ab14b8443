/// Which ends of a connection mean that the client comes back by itself (PROTOCOL.md, 1.4, 8.1 and 8.2).
enum CloseCodes {
    /// The end was wanted.
    static let normal = 1000
    /// No close frame came: never sent, only told.
    static let abnormal = 1006

    /// A message was larger than the server takes, or something on the way.
    static let tooLarge = 1009

    /// Codes below 4000 after which the same would only happen again: a broken WebSocket library, text that is not
    /// UTF-8, too many fragments, a message that is too large.
    private static let final: Set<Int> = [1000, 1002, 1007, 1008, 1009]

    /// Whether a client reconnects by itself after a close with this code.
    static func mayReconnect(_ code: Int) -> Bool {
        !(final.contains(code) || (4000...4499).contains(code))
    }

    /// Whether an upgrade that was refused with this HTTP status may be tried again with the same credentials.
    static func mayRetryUpgrade(_ status: Int?) -> Bool {
        status.map { ![400, 401, 403].contains($0) } ?? true
    }
}
