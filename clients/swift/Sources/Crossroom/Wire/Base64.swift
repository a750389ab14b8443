import Foundation

/// Binary values inside JSON (PROTOCOL.md, 5.2): `{"$binary":"<base64>"}`.
enum Base64 {
    /// The one key of the object that stands for bytes.
    static let key = "$binary"

    /// The bytes of a text that is base64 by RFC 4648, section 4, to the letter: padded, no white space, and the bits that
    /// are not used zero. Foundation is more lenient.
    static func decode(_ text: String) -> Data? {
        guard text.utf8.count % 4 == 0, let data = Data(base64Encoded: text), data.base64EncodedString() == text
        else { return nil }
        return data
    }
}

extension Value {
    /// The object; or the bytes, where it is one that stands for some.
    static func reviving(_ object: [String: Value]) -> Value {
        if object.count == 1, case .string(let text)? = object[Base64.key], let data = Base64.decode(text) {
            return .binary(data)
        }
        return .object(object)
    }

    /// The same without binary: outside of `args` an object that looks like bytes is an object.
    var unrevived: Value {
        switch self {
        case .binary(let data): return .object([Base64.key: .string(data.base64EncodedString())])
        case .array(let values): return .array(values.map(\.unrevived))
        case .object(let values): return .object(values.mapValues(\.unrevived))
        default: return self
        }
    }
}
