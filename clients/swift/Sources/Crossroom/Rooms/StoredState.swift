import Foundation

/// What the layer keeps in the application's storage, which is called in order, on a queue of this client's alone: one that is slow
/// holds up nobody but those who wait for it.
@CrossroomActor
final class StoredState {
    private nonisolated static let prefix = "crossroom."

    private let storage: (any Storage)?
    private let queue = DispatchQueue(label: "crossroom.storage")
    /// What the storage would not keep; all, where there is none. nil: removed.
    private var memory: [String: String?] = [:]
    /// Told of a storage that fails.
    var failed: @CrossroomActor (CrossroomError) -> Void = { _ in }

    nonisolated init(_ storage: (any Storage)?) { self.storage = storage }

    func device() async -> String? { await read("device") }

    func keepDevice(_ device: String) { write("device", device) }

    func guestToken() async -> String? { await read("guest") }

    /// nil: forgets it.
    func keepGuestToken(_ token: String?) { write("guest", token) }

    func processed(user: String, device: String) async -> Position? {
        // Written by `keepProcessed`: the epoch may hold a colon, the offset cannot.
        guard let text = await read(Self.inboxKey(user, device)), let colon = text.firstIndex(of: ":"),
            let offset = Int64(text[..<colon])
        else { return nil }
        let position = Position(epoch: String(text[text.index(after: colon)...]), offset: offset)
        return position.isValid ? position : nil
    }

    func keepProcessed(user: String, device: String, _ position: Position) {
        write(Self.inboxKey(user, device), "\(position.offset):\(position.epoch)")
    }

    /// Returns when all that was to be kept before is kept, or could not be.
    func settled() async {
        if storage == nil { return }
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }

    /// JSON, so that no two pairs have the same key.
    private static func inboxKey(_ user: String, _ device: String) -> String {
        let pair = try? JSONWriter.text(of: [.string(user), .string(device)], maxBinaries: 0)
        return "inbox.\(pair ?? "")"
    }

    private func read(_ key: String) async -> String? {
        guard let storage else { return memory[key] ?? nil }
        let result: Result<String?, any Error> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result { try storage.get(Self.prefix + key) }) }
        }
        if let unsaved = memory[key] { return unsaved }
        do { return try result.get() } catch {
            failed(.from(error))
            return nil
        }
    }

    private func write(_ key: String, _ value: String?) {
        memory[key] = .some(value)
        guard let storage else { return }
        queue.async {
            do {
                if let value { try storage.set(Self.prefix + key, value) } else { try storage.remove(Self.prefix + key) }
                Task { @CrossroomActor in self.saved(key, value) }
            } catch {
                let error = CrossroomError.from(error)
                Task { @CrossroomActor in self.failed(error) }
            }
        }
    }

    private func saved(_ key: String, _ value: String?) {
        // Not where another value has come meanwhile, which is yet to be kept.
        if memory[key] == .some(value) { memory[key] = nil }
    }
}
