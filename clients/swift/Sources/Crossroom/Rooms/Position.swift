/// A place in the log of a room or an inbox (docs/rooms-api.md, 5.1): one value, neither half of which means anything alone.
public struct Position: Sendable, Hashable, Codable {
    /// Changes if a log was lost and begun anew.
    public let epoch: String
    /// Counts up by one with each message, from 1; 0 is before the first.
    public let offset: Int64

    /// A position that the server gave, and the application kept.
    public init(epoch: String, offset: Int64) {
        self.epoch = epoch
        self.offset = offset
    }
}

extension Position {
    init?(_ value: Value) {
        guard let epoch = value["epoch"]?.string, let offset = value["offset"]?.int else { return nil }
        self.init(epoch: epoch, offset: offset)
        if !isValid { return nil }
    }

    /// Whether it can be a server's, whose offsets are exact: from 0 to 2^53-1.
    var isValid: Bool { (0..<1 << 53).contains(offset) }

    var value: Value { ["epoch": .string(epoch), "offset": .int(offset)] }
}
