import Foundation

/// Keeps what must outlast the program: the device's id, a guest's token, how far the inbox is processed. Called one at a time, on a
/// queue of this client's own: it may block, and holds up no other client. A storage that throws is as one that keeps nothing, and
/// `warning` tells of it.
public protocol Storage: Sendable {
    /// What was set for the key; nil where nothing was, or it was removed.
    func get(_ key: String) throws -> String?
    /// Keeps it before it returns.
    func set(_ key: String, _ value: String) throws
    /// Forgets it.
    func remove(_ key: String) throws
}

/// A storage that lasts as long as the object.
public final class MemoryStorage: Storage, @unchecked Sendable {
    private let lock = NSLock()
    private var values: [String: String] = [:]

    /// An empty one.
    public init() {}

    /// What was set for the key.
    public func get(_ key: String) -> String? { lock.withLock { values[key] } }

    /// Keeps it.
    public func set(_ key: String, _ value: String) { lock.withLock { values[key] = value } }

    /// Forgets it.
    public func remove(_ key: String) { lock.withLock { values[key] = nil } }
}
