import Foundation

/// Keeps what must outlast the program: the device's id, a guest's token, how far the inbox is processed. Called on
/// `CrossroomActor`; a storage that throws is as one that keeps nothing, and `warning` tells of it.
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

/// What the layer keeps in the application's storage.
@CrossroomActor
final class Kept {
    private static let prefix = "crossroom."

    private let storage: (any Storage)?
    /// Told of a storage that fails.
    var failed: @CrossroomActor (CrossroomError) -> Void = { _ in }

    nonisolated init(_ storage: (any Storage)?) { self.storage = storage }

    var device: String? { read("device") }

    func keepDevice(_ device: String) { write("device", device) }

    var guestToken: String? { read("guest") }

    /// nil: forgets it.
    func keepGuestToken(_ token: String?) { write("guest", token) }

    func processed(user: String, device: String) -> Position? {
        // Written by `keepProcessed`: the epoch may hold a colon, the offset cannot.
        guard let text = read(Self.inboxKey(user, device)), let colon = text.firstIndex(of: ":"),
            let offset = Int64(text[..<colon])
        else { return nil }
        let position = Position(epoch: String(text[text.index(after: colon)...]), offset: offset)
        return position.isValid ? position : nil
    }

    func keepProcessed(user: String, device: String, _ position: Position) {
        write(Self.inboxKey(user, device), "\(position.offset):\(position.epoch)")
    }

    /// JSON, so that no two pairs have the same key.
    private static func inboxKey(_ user: String, _ device: String) -> String {
        let pair = try? JSONWriter.text(of: [.string(user), .string(device)], maxBinaries: 0)
        return "inbox.\(pair ?? "")"
    }

    private func read(_ key: String) -> String? {
        do { return try storage?.get(Self.prefix + key) } catch {
            failed(.from(error))
            return nil
        }
    }

    private func write(_ key: String, _ value: String?) {
        do {
            if let value { try storage?.set(Self.prefix + key, value) } else { try storage?.remove(Self.prefix + key) }
        } catch {
            failed(.from(error))
        }
    }
}
