import Foundation

/// Writes values as JSON (RFC 8259).
struct JSONWriter {
    private var bytes: [UInt8] = []
    private var binaries = 0
    private var depth = 0
    /// A name of a field that Socket.IO would misread beside binary.
    private var trap: String?
    private let maxBinaries: Int
    private let maxDepth: Int

    private init(maxBinaries: Int, maxDepth: Int) {
        self.maxBinaries = maxBinaries
        self.maxDepth = maxDepth
    }

    /// - Throws: `CrossroomError` with `invalid_argument` for a number that JSON has not, for more binary values than `maxBinaries`,
    ///   and for what is nested more deeply than `JSONParser` would read it.
    static func text(of value: Value, maxBinaries: Int) throws -> String {
        var writer = JSONWriter(maxBinaries: maxBinaries, maxDepth: JSONParser.maxDepth)
        try writer.write(value)
        return writer.text
    }

    /// The same of a frame.
    /// - Throws: for what the server would refuse, too (PROTOCOL.md, 2.8 and 5.3).
    static func text(ofFrame frame: Value, maxBinaries: Int, maxDepth: Int) throws -> String {
        var writer = JSONWriter(maxBinaries: maxBinaries, maxDepth: maxDepth)
        try writer.write(frame)
        if writer.binaries > 0, let trap = writer.trap {
            throw CrossroomError.invalidArgument("beside binary values, no object may have the key \(trap)")
        }
        return writer.text
    }

    private var text: String { String(decoding: bytes, as: UTF8.self) }

    private mutating func enterLevel() throws {
        depth += 1
        if depth > maxDepth { throw CrossroomError.invalidArgument("arrays and objects are nested too deeply") }
    }

    private mutating func write(_ value: Value) throws {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .int(let value): bytes += String(value).utf8
        case .double(let value):
            guard value.isFinite else { throw CrossroomError.invalidArgument("JSON has no number \(value)") }
            bytes += String(value).utf8
        case .string(let value): write(value)
        case .binary(let data): try write(data)
        case .array(let values): try write(values)
        case .object(let values): try write(values)
        }
    }

    private mutating func write(_ data: Data) throws {
        binaries += 1
        guard binaries <= maxBinaries else {
            throw CrossroomError.invalidArgument("an event may have \(maxBinaries) binary values, no more")
        }
        bytes += "{\"\(Base64.key)\":\"".utf8
        bytes += data.base64EncodedData()
        bytes += "\"}".utf8
    }

    private mutating func write(_ values: [Value]) throws {
        try enterLevel()
        defer { depth -= 1 }
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            try write(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ values: [String: Value]) throws {
        try enterLevel()
        defer { depth -= 1 }
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for (name, value) in values {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            if name == "__proto__" || name == "_placeholder" && value == .bool(true) { trap = name }
            write(name)
            bytes.append(UInt8(ascii: ":"))
            try write(value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
