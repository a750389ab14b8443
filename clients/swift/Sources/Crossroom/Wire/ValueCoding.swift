import Foundation

extension Value {
    /// The value of anything that can be encoded. `Data` becomes binary, at any depth.
    /// - Throws: `CrossroomError` with `invalid_argument` for what JSON cannot carry, and what the type's own `encode` throws.
    public init(encoding source: some Encodable) throws {
        if let value = source as? Value {
            self = value
            return
        }
        let encoder = JSONEncoder()
        encoder.dataEncodingStrategy = .custom { data, encoder in
            try Value.binary(data).encode(to: encoder)
        }
        // In an array, as older releases of Foundation encode no single value.
        let json = try encoder.encode([source])
        guard case .array(let values)? = JSONParser.parse(json), let value = values.first else {
            throw CrossroomError.invalidArgument("the value cannot be written as JSON")
        }
        self = value
    }

    /// This value as a type of the application's.
    /// - Throws: `DecodingError` where it has another shape.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        if let value = self as? T { return value }
        let decoder = JSONDecoder()
        decoder.dataDecodingStrategy = .custom { decoder in
            guard let data = try Value(from: decoder).binary else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "not binary data"))
            }
            return data
        }
        let json = Data(try JSONWriter.text(of: .array([self]), maxBinaries: .max).utf8)
        return try decoder.decode(Single<T>.self, from: json).value
    }
}

/// The only element of an array.
private struct Single<T: Decodable>: Decodable {
    let value: T

    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        value = try container.decode(T.self)
    }
}

extension Value: Codable {
    /// Reads any JSON value; `{"$binary": ...}` becomes binary.
    public init(from decoder: any Decoder) throws {
        if let keyed = try? decoder.container(keyedBy: Name.self) {
            var object: [String: Value] = [:]
            for key in keyed.allKeys { object[key.stringValue] = try keyed.decode(Value.self, forKey: key) }
            self = Value.reviving(object)
        } else if var unkeyed = try? decoder.unkeyedContainer() {
            var array: [Value] = []
            while !unkeyed.isAtEnd { array.append(try unkeyed.decode(Value.self)) }
            self = .array(array)
        } else {
            self = try Value(single: decoder.singleValueContainer())
        }
    }

    private init(single container: any SingleValueDecodingContainer) throws {
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes plain JSON, with binary as `{"$binary": ...}`.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        case .object(let values):
            try Value.encode(values, to: encoder)
        case .binary(let data):
            try Value.encode([Base64.key: .string(data.base64EncodedString())], to: encoder)
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value): try Value.encode(single: value, to: encoder)
        case .int(let value): try Value.encode(single: value, to: encoder)
        case .double(let value): try Value.encode(single: value, to: encoder)
        case .string(let value): try Value.encode(single: value, to: encoder)
        }
    }

    private static func encode(_ values: [String: Value], to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (name, value) in values { try container.encode(value, forKey: Name(stringValue: name)) }
    }

    private static func encode(single value: some Encodable, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
