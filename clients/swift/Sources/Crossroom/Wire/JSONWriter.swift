import Foundation

/// Writes values as JSON (RFC 8259).
struct JSONWriter {
    private var bytes: [UInt8] = []
    private var binaries = 0
    private let maxBinaries: Int

    private init(maxBinaries: Int) { self.maxBinaries = maxBinaries }

    /// - Throws: `CrossroomError` with `invalid_argument` for a number that JSON has not, and for more binary values than
    ///   `maxBinaries`.
    static func text(of value: Value, maxBinaries: Int) throws -> String {
        var writer = JSONWriter(maxBinaries: maxBinaries)
        try writer.write(value)
        return String(decoding: writer.bytes, as: UTF8.self)
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
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            try write(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ values: [String: Value]) throws {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for (name, value) in values {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
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
