/// What the server's answer to an opening says (PROTOCOL.md, 12.2). Times in milliseconds, `maxPayload` in bytes.
struct HTTPSessionTerms: Equatable, Sendable {
    /// A secret, as good as the credentials of the opening.
    let session: String
    let pingInterval: Double
    let pingTimeout: Double
    let maxPayload: Int
    let resumeTimeout: Double

    private static let idCharacters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".utf8)

    /// nil where it is no such answer.
    init?(_ json: Value?) {
        func amount(_ name: String) -> Double? { json?[name]?.double.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } }
        guard let session = json?["session"]?.string, (1...128).contains(session.utf8.count),
            session.utf8.allSatisfy(Self.idCharacters.contains), let pingInterval = amount("pingInterval"),
            let pingTimeout = amount("pingTimeout"), let maxPayload = amount("maxPayload"), let resumeTimeout = amount("resumeTimeout")
        else { return nil }
        self.session = session
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.maxPayload = Int(min(maxPayload, Double(Int32.max)))
        self.resumeTimeout = resumeTimeout
    }

    /// Milliseconds of silence after which the other side is taken for dead.
    var patience: Double { pingInterval + pingTimeout }
}
