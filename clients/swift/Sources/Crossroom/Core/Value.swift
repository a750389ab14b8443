import Foundation

/// A JSON value, or binary data, which the protocol carries inside JSON.
///
/// Numbers that are written as integers and fit 64 bits are `int`, all others `double`. The server's numbers are doubles:
/// send an integer beyond 2^53 as a string.
public enum Value: Sendable, Hashable {
    /// JSON's `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// An integer. From -(2^53-1) to 2^53-1 it arrives exactly.
    case int(Int64)
    /// Any other number. NaN and the infinities cannot be sent.
    case double(Double)
    /// Text.
    case string(String)
    /// Bytes.
    case binary(Data)
    /// Values in order.
    case array([Value])
    /// Values by name.
    case object([String: Value])
}

// Not by `nil`, which would mean `null` in some places where an optional value is meant.
extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: Value...) { self = .array(elements) }
    /// An object. The last of two values of one name counts.
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

extension Value {
    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The boolean, if it is one.
    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The integer, if it is a number without a fraction that fits.
    public var int: Int64? {
        switch self {
        case .int(let value): return value
        case .double(let value): return Int64(exactly: value)
        default: return nil
        }
    }

    /// The number, if it is one.
    public var double: Double? {
        switch self {
        case .int(let value): return Double(value)
        case .double(let value): return value
        default: return nil
        }
    }

    /// The text, if it is some.
    public var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The bytes, if it is binary.
    public var binary: Data? {
        if case .binary(let value) = self { return value }
        return nil
    }

    /// The values, if it is an array.
    public var array: [Value]? {
        if case .array(let value) = self { return value }
        return nil
    }

    /// The values by name, if it is an object.
    public var object: [String: Value]? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// The value of this name, if it is an object that has one.
    public subscript(name: String) -> Value? { object?[name] }

    /// The value at this place, if it is an array that reaches so far.
    public subscript(index: Int) -> Value? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}
