/// The JSON frames as the client sees them (PROTOCOL.md, 2 to 4): encodes what it sends, decodes what it gets. Pure: a
/// malformed frame is a value, never an error thrown.

/// What the client sends.
enum ClientFrame: Equatable, Sendable {
    case connect(ns: String, auth: [String: Value]?, pid: String?, offset: String?)
    case event(ns: String, name: String, args: [Value], id: Int64?)
    case ack(ns: String, id: Int64, args: [Value])
    case disconnect(ns: String)
    case ping

    /// A frame has at most so many binary values (PROTOCOL.md, 5.3).
    static let maxBinaries = 10

    /// How deeply values may be nested; the server takes 128, the frame and its `args` counted (PROTOCOL.md, 2.8).
    static let maxDepth = 120

    /// Event names that Socket.IO keeps for itself (PROTOCOL.md, 4.4).
    static let reservedEvents: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    /// The text of the frame.
    /// - Throws: `CrossroomError` with `invalid_argument` for what no frame can carry.
    func encoded() throws -> String {
        try JSONWriter.text(ofFrame: .object(fields), maxBinaries: Self.maxBinaries, maxDepth: Self.maxDepth + 2)
    }

    private var fields: [String: Value] {
        switch self {
        case .connect(let ns, let auth, let pid, let offset):
            return Self.frame("connect", ns, ["auth": auth.map { .object($0) }, "pid": .from(pid), "offset": .from(offset)])
        case .event(let ns, let name, let args, let id):
            return Self.frame("event", ns, ["event": .string(name), "args": .array(args), "id": id.map { .int($0) }])
        case .ack(let ns, let id, let args):
            return Self.frame("ack", ns, ["id": .int(id), "args": .array(args)])
        case .disconnect(let ns):
            return Self.frame("disconnect", ns, [:])
        case .ping:
            return Self.frame("ping", "/", [:])
        }
    }

    private static func frame(_ type: String, _ ns: String, _ more: [String: Value?]) -> [String: Value] {
        var fields = more.compactMapValues { $0 }
        fields["type"] = .string(type)
        if ns != "/" { fields["ns"] = .string(ns) }
        return fields
    }
}
