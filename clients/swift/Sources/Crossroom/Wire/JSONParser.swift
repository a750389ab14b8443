import Foundation

/// Reads JSON (RFC 8259), to the letter. Foundation's reader does not tell integers from other numbers on every platform.
struct JSONParser {
    /// What is nested more deeply counts as malformed: whoever reads, compares or frees a value goes down its levels on the stack. A
    /// server's messages have 128.
    static let maxDepth = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0

    private struct Malformed: Error {}

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The value of a text that is JSON; nil for any other. Objects that stand for bytes become binary.
    static func parse(_ text: String) -> Value? {
        var text = text
        return text.withUTF8 { parse($0) }
    }

    /// The same of UTF-8.
    static func parse(_ data: Data) -> Value? {
        // Through a string, so that what is not UTF-8 does no harm.
        parse(String(decoding: data, as: UTF8.self))
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Value? {
        var parser = JSONParser(bytes)
        guard let value = try? parser.value() else { return nil }
        parser.skipSpace()
        return parser.at == bytes.count ? value : nil
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard skip(byte) else { throw Malformed() }
    }

    private mutating func word(_ text: StaticString, _ value: Value) throws -> Value {
        for index in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[index]) }
        return value
    }

    /// An array or an object that is not closed yet.
    private final class Open {
        let isArray: Bool
        var values: [Value] = []
        var fields: [String: Value] = [:]
        /// Of the field whose value comes next.
        var name = ""

        init(isArray: Bool) { self.isArray = isArray }

        func add(_ value: Value) {
            if isArray { values.append(value) } else { fields[name] = value }
        }

        var value: Value { isArray ? .array(values) : Value.reviving(fields) }
    }

    /// Without recursion: how deeply a stranger nests must not be a question of the thread's stack.
    private mutating func value() throws -> Value {
        var open: [Open] = []
        while true {
            skipSpace()
            if var done = try beginning(&open) {
                while true {
                    guard let innermost = open.last else { return done }
                    innermost.add(done)
                    if try goesOn(innermost) { break }
                    done = open.removeLast().value
                }
            }
        }
    }

    /// A value that is whole; nil where an array or an object was opened, and has something in it.
    private mutating func beginning(_ open: inout [Open]) throws -> Value? {
        switch peek {
        case UInt8(ascii: "{"):
            at += 1
            skipSpace()
            if skip(UInt8(ascii: "}")) { return .object([:]) }
            open.append(Open(isArray: false))
            try name(open[open.count - 1])
        case UInt8(ascii: "["):
            at += 1
            skipSpace()
            if skip(UInt8(ascii: "]")) { return .array([]) }
            open.append(Open(isArray: true))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
        guard open.count <= Self.maxDepth else { throw Malformed() }
        return nil
    }

    /// Whether another value follows, after a comma; or else it was closed.
    private mutating func goesOn(_ open: Open) throws -> Bool {
        skipSpace()
        guard skip(UInt8(ascii: ",")) else {
            try expect(UInt8(ascii: open.isArray ? "]" : "}"))
            return false
        }
        if !open.isArray { try name(open) }
        return true
    }

    private mutating func name(_ open: Open) throws {
        skipSpace()
        open.name = try string()
        skipSpace()
        try expect(UInt8(ascii: ":"))
    }

    private mutating func string() throws -> String {
        try expect(UInt8(ascii: "\""))
        let start = at
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
        if skip(UInt8(ascii: "\"")) { return text(start, at - 1) }
        var result = text(start, at)
        while true {
            let from = at
            while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
            result += text(from, at)
            if skip(UInt8(ascii: "\"")) { return result }
            try expect(UInt8(ascii: "\\"))
            result.unicodeScalars.append(try escaped())
        }
    }

    private func text(_ from: Int, _ to: Int) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[from..<to]), as: UTF8.self)
    }

    private mutating func escaped() throws -> Unicode.Scalar {
        guard let byte = peek else { throw Malformed() }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try surrogates(first: hex())
        default: throw Malformed()
        }
    }

    /// Half a pair without the other half cannot be in a String: it becomes U+FFFD.
    private mutating func surrogates(first: UInt32) throws -> Unicode.Scalar {
        if let scalar = Unicode.Scalar(first) { return scalar }
        let mark = at
        guard first < 0xDC00, skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else {
            at = mark
            return "\u{FFFD}"
        }
        let second = try hex()
        guard (0xDC00...0xDFFF).contains(second) else {
            at = mark
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hex() throws -> UInt32 {
        guard at + 4 <= bytes.count else { throw Malformed() }
        var result: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { throw Malformed() }
            result = result << 4 | UInt32(digit)
        }
        at += 4
        return result
    }

    private mutating func number() throws -> Value {
        let start = at
        let isNegative = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        var isInteger = true
        if skip(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isInteger = false
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try digits()
        }
        let written = text(start, at)
        // Minus zero is a double: integers have none.
        if isInteger, let value = Int64(written), !(isNegative && value == 0) { return .int(value) }
        guard let value = Double(written) else { throw Malformed() }
        return .double(value)
    }

    private mutating func digits() throws {
        let start = at
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        if at == start { throw Malformed() }
    }
}

extension Value {
    /// The value of a text that is JSON (RFC 8259); nil for any other. `{"$binary": "<base64>"}` becomes binary.
    public init?(json: String) {
        guard let value = JSONParser.parse(json) else { return nil }
        self = value
    }

    /// This value as JSON, with binary as `{"$binary": "<base64>"}`.
    /// - Throws: `CrossroomError` with `invalid_argument` for NaN and the infinities.
    public func json() throws -> String { try JSONWriter.text(of: self, maxBinaries: .max) }
}
