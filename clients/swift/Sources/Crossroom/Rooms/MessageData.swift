/// What the server does not take as the data of a message (docs/rooms-api.md, 4.2 and 12.1), known before it is sent. What is let pass here may
/// still be refused there.
enum MessageData {
    private static let maxDepth = 100

    /// - Parameter maxBytes: nil where the server has not said it.
    /// - Throws: `CrossroomError`: `invalid_argument`, `message_too_large`.
    static func check(_ data: Value, maxBytes: Int?) throws {
        var measurement = Measurement()
        try measurement.look(at: data, depth: 0)
        if measurement.binaries > ClientFrame.maxBinaries {
            throw CrossroomError.invalidArgument("a message may have \(ClientFrame.maxBinaries) binary values, no more")
        }
        if let maxBytes, measurement.bytes > maxBytes {
            throw CrossroomError(.messageTooLarge, "The data has \(measurement.bytes) bytes or more; the server takes \(maxBytes).")
        }
    }

    private struct Measurement {
        /// As the server counts them: JSON, but binary with its own bytes. A number counts as one, as the server may write it shorter.
        var bytes = 0
        var binaries = 0

        mutating func look(at value: Value, depth: Int) throws {
            if depth > maxDepth { throw CrossroomError.invalidArgument("arrays and objects are nested more than \(maxDepth) deep") }
            switch value {
            case .null, .bool(true): bytes += 4
            case .bool(false): bytes += 5
            case .int: bytes += 1
            case .double(let value):
                guard value.isFinite else { throw CrossroomError.invalidArgument("JSON has no number \(value)") }
                bytes += 1
            case .string(let text): add(text)
            case .binary(let data):
                binaries += 1
                bytes += data.count
            case .array(let values):
                bytes += max(values.count + 1, 2)
                for value in values { try look(at: value, depth: depth + 1) }
            case .object(let values):
                bytes += max(2 * values.count + 1, 2)
                for (name, value) in values {
                    guard name != "__proto__", name != "_placeholder" || value != .bool(true) else {
                        throw CrossroomError.invalidArgument("no object may have the key \(name)")
                    }
                    add(name)
                    try look(at: value, depth: depth + 1)
                }
            }
        }

        private mutating func add(_ text: String) {
            bytes += 2
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), 8, 9, 10, 12, 13: bytes += 2
                case ..<0x20: bytes += 6
                default: bytes += 1
                }
            }
        }
    }
}
