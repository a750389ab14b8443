/// How many messages a connection may send: a token bucket (PROTOCOL.md, 9).
struct Rate: Equatable, Sendable {
    var perSecond: Double
    var burst: Double

    /// A server's that says nothing.
    static let usual = Rate(perSecond: 500, burst: 1_000)
}

/// What `connected` says. Times in milliseconds, `maxPayload` in bytes.
struct ConnectedFrame: Equatable, Sendable {
    let sid: String
    let pid: String?
    let recovered: Bool
    let pingInterval: Double
    let pingTimeout: Double
    let maxPayload: Int
    var rate: Rate?
}

/// What the server sends. `unknown` is a newer server's, to be ignored (2.7).
enum ServerFrame: Equatable, Sendable {
    case connected(ns: String, ConnectedFrame)
    case connectError(ns: String, message: String, data: Value?)
    case event(ns: String, name: String, args: [Value], id: Int64?, offset: String?)
    case ack(ns: String, id: Int64, args: [Value])
    case disconnect(ns: String, reason: String?)
    case error(ns: String, code: String, message: String, id: Int64?)
    case pong
    case unknown
    case malformed(String)

    /// Decodes one text message.
    init(decoding text: String) {
        guard let value = JSONParser.parse(text) else {
            self = .malformed("a message is not JSON")
            return
        }
        guard case .object(let fields) = value else {
            self = .malformed("a message is not one JSON object")
            return
        }
        do { self = try Self.decode(fields) } catch { self = .malformed(error.message) }
    }

    private struct Wrong: Error { let message: String }

    private static func decode(_ fields: [String: Value]) throws(Wrong) -> ServerFrame {
        guard let type = fields["type"]?.string else { throw Wrong(message: "a frame has no type") }
        let reader = Reader(type: type, fields: fields)
        switch type {
        case "connected": return .connected(ns: try reader.ns(), try connected(reader))
        case "connect_error":
            let data = fields["data"]?.unrevived
            return .connectError(ns: try reader.ns(), message: try reader.string("message"), data: data)
        case "event": return try event(reader)
        case "ack":
            guard let id = try reader.id() else { throw reader.wrong("id") }
            return .ack(ns: try reader.ns(), id: id, args: try reader.args())
        case "disconnect": return .disconnect(ns: try reader.ns(), reason: fields["reason"]?.string)
        case "error":
            let code = try reader.string("code")
            let id = try? reader.id()
            return .error(ns: try reader.ns(), code: code, message: try reader.string("message"), id: id)
        case "pong": return .pong
        default: return .unknown
        }
    }

    private static func connected(_ reader: Reader) throws(Wrong) -> ConnectedFrame {
        ConnectedFrame(
            sid: try reader.string("sid"), pid: reader.fields["pid"]?.string,
            recovered: reader.fields["recovered"] == .bool(true), pingInterval: try reader.amount("pingInterval"),
            pingTimeout: try reader.amount("pingTimeout"),
            maxPayload: Int(min(try reader.amount("maxPayload"), Double(Int32.max))), rate: rate(reader.fields["rate"]))
    }

    /// One that cannot be meant counts as none.
    private static func rate(_ value: Value?) -> Rate? {
        guard let perSecond = value?["perSecond"]?.double, let burst = value?["burst"]?.double, perSecond > 0, burst > 0,
            perSecond.isFinite, burst.isFinite
        else { return nil }
        return Rate(perSecond: perSecond, burst: burst)
    }

    private static func event(_ reader: Reader) throws(Wrong) -> ServerFrame {
        let name = try reader.string("event")
        // A reserved name from the wire would pass for the client's own "connect" or "disconnect".
        if ClientFrame.reservedEvents.contains(name) { throw reader.wrong("event") }
        return .event(
            ns: try reader.ns(), name: name, args: try reader.args(), id: try reader.id(),
            offset: reader.fields["offset"]?.string)
    }

    private struct Reader {
        let type: String
        let fields: [String: Value]

        func wrong(_ field: String) -> Wrong { Wrong(message: "\(field) of a frame \"\(type)\" is missing or wrong") }

        func ns() throws(Wrong) -> String {
            guard let value = fields["ns"], value != .null else { return "/" }
            guard case .string(let ns) = value else { throw wrong("ns") }
            return ns
        }

        func string(_ field: String) throws(Wrong) -> String {
            guard case .string(let text)? = fields[field] else { throw wrong(field) }
            return text
        }

        func args() throws(Wrong) -> [Value] {
            guard case .array(let args)? = fields["args"] else { throw wrong("args") }
            return args
        }

        /// From 0 to 2^53-1.
        func id() throws(Wrong) -> Int64? {
            guard let value = fields["id"] else { return nil }
            guard let id = value.int, (0...(1 << 53) - 1).contains(id) else { throw wrong("id") }
            return id
        }

        func amount(_ field: String) throws(Wrong) -> Double {
            guard let amount = fields[field]?.double, amount > 0, amount.isFinite else { throw wrong(field) }
            return amount
        }
    }
}

extension Value {
    static func from(_ text: String?) -> Value? { text.map { .string($0) } }
}
