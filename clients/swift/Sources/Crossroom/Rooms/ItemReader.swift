/// The inside of such a sequence: one item at a time, from the inbox to who reads.
@CrossroomActor
final class ItemReader {
    private weak var inbox: Inbox?
    private var offered: (item: InboxItem, processed: Promise<Void>)?
    /// Of the item that was read last.
    private var processed: Promise<Void>?
    private var reader: Promise<InboxItem?>?
    private var hasBegun = false
    private var isEnded = false
    private var error: CrossroomError?

    init(_ inbox: Inbox) { self.inbox = inbox }

    func next() async throws -> InboxItem? {
        if Task.isCancelled { return nil }
        if reader != nil { throw CrossroomError(.inUse, "Another task waits for the next item. There is one reader at a time.") }
        processed?.resolve(())
        processed = nil
        do {
            return try await promised { promise in
                reader = promise
                promise.onCancel = { self.reader = nil }
                begin()
                match()
            }
        } catch let error as CrossroomError where error.code == .aborted && Task.isCancelled {
            return nil
        }
    }

    /// No item will come any more. With an error, a reader gets it.
    func end(_ error: CrossroomError?) {
        if isEnded { return }
        isEnded = true
        self.error = error
        offered = nil
        processed = nil
        match()
        inbox?.ended(self, hasBegun: hasBegun)
    }

    private func begin() {
        if hasBegun || isEnded { return }
        hasBegun = true
        Task { [weak inbox] in
            do {
                _ = try await inbox?.process { [weak self] in try await self?.offer($0) }
            } catch {
                hasBegun = false  // another one has the inbox, or nobody: there is nothing to stop
                end(.from(error))
            }
        }
    }

    /// Returns when the item is processed.
    private func offer(_ item: InboxItem) async throws {
        try await promised { promise in
            offered = (item, promise)
            match()
        }
    }

    private func match() {
        guard let reader else { return }
        if isEnded {
            self.reader = nil
            if let error { reader.reject(error) } else { reader.resolve(nil) }
            error = nil
        } else if let offered {
            self.reader = nil
            self.offered = nil
            processed = offered.processed
            reader.resolve(offered.item)
        }
    }
}
