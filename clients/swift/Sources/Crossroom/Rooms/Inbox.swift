/// One's inbox: items come one at a time, in order, and are acked when they are processed. Each comes at least once, and again only where
/// the program ended between processing it and keeping its position: such a repeat has the same id.
@CrossroomActor
public final class Inbox {
    /// Processes an item. Where it throws, the item comes again after a pause.
    public typealias Processor = @Sendable (InboxItem) async throws -> Void

    /// Until the end.
    private var rooms: Rooms?
    /// Why the session is over, after the end.
    private var over: CrossroomError?
    private var log = InboxLog(processed: nil)
    /// Whose inbox `log` is of, on which device.
    private var user: String?
    private var device: String?
    private var processor: Processor?
    /// Whether the inbox was asked for: it is opened on each connection from then on.
    private var isWanted = false
    private var isOpen = false
    /// Whether it is known how far it was processed in an earlier run.
    private var isLoaded = false
    /// Whether another connection has taken this device's place (docs/rooms-api.md, 9.8).
    private var isTaken = false
    private var waiters: [Promise<Int>] = []
    private var readers: [ObjectIdentifier: ItemReader] = [:]
    /// Counts connections; what belongs to an earlier one is ignored.
    private var generation = 0
    /// Counts the items that were given to a processor; the end of an earlier one is ignored.
    private var run = 0
    private var work: Task<Void, Never>?
    private var retries = (open: Retry(), process: Retry(), ack: Retry())
    private var stopCallTimer: Cancel = {}
    private var stopProcessTimer: Cancel = {}

    init(_ rooms: Rooms) { self.rooms = rooms }

    /// Up to where this device has processed it; nil before the inbox was open.
    public var cursor: Position? { log.cursor }

    /// Opens the inbox with the function that processes an item: one at a time, acked when it is done. There is one at a time.
    /// - Returns: how many items wait, when the inbox is open.
    /// - Throws: `CrossroomError` with what the server refuses it for; `in_use`, `closed`; `aborted` when the task was cancelled: then
    ///   the function stays.
    @discardableResult
    public func process(_ processor: @escaping Processor) async throws -> Int {
        guard let rooms else { throw over ?? .closed }
        try rooms.start()
        // Before it takes the inbox: nobody would give that back.
        if Task.isCancelled { throw CrossroomError.aborted }
        if self.processor != nil {
            throw CrossroomError(.inUse, "The inbox has a processor already. It takes one at a time.")
        }
        self.processor = processor
        perform(log.processing(true))
        return try await promised { promise in
            waiters.append(promise)
            promise.onCancel = { self.waiters.removeAll { $0 === promise } }
            isWanted = true
            // On a connection where it is open already too: only the server knows how many items wait.
            open()
        }
    }

    /// The same as a sequence, instead of `process`: an item is processed when the next one is asked for.
    public func items() -> InboxItems {
        let reader = ItemReader(self)
        if let over { reader.end(over.unlessClosed) } else { readers[ObjectIdentifier(reader)] = reader }
        return InboxItems(reader)
    }

    func up(_ user: String) {
        if user != self.user { begin(user) }
        if isWanted { open() }
    }

    /// Another connection has taken this device's place, or has gone.
    func deviceTaken(_ isTaken: Bool) {
        let wasTaken = self.isTaken
        self.isTaken = isTaken
        if wasTaken, !isTaken, isOpen { perform(log.returned()) }
    }

    func down() {
        generation += 1
        isOpen = false
        isTaken = false
        stopCallTimer()
        log.away()
    }

    func end(_ error: CrossroomError) {
        down()
        isWanted = false
        stop()
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.reject(error) }
        let reading = readers
        readers = [:]
        for reader in reading.values { reader.end(error.unlessClosed) }
        over = error
        rooms = nil
    }

    func onItem(_ item: InboxItem) {
        if isOpen { perform(log.received(item)) }
    }

    /// A sequence of items is over. `hasBegun`: it had the inbox.
    func ended(_ reader: ItemReader, hasBegun: Bool) {
        // After the end of all there is nothing to stop.
        if readers.removeValue(forKey: ObjectIdentifier(reader)) != nil, hasBegun { stop() }
    }

    private func begin(_ user: String) {
        guard let rooms else { return }
        self.user = user
        run += 1
        work?.cancel()
        log = InboxLog(processed: nil)
        isLoaded = false
        Task {
            let device = await rooms.device
            let position = await rooms.storedState.processed(user: user, device: device)
            guard user == self.user else { return }
            self.device = device
            log = InboxLog(processed: position)
            isLoaded = true
            perform(log.processing(processor != nil))
            if isWanted { open() }
        }
    }

    private func open() {
        guard let rooms, rooms.isUp, isLoaded else { return }
        let left = retries.open.left(rooms.environment.now())
        if left > 0 { return later(left) { $0.open() } }
        generation += 1
        let generation = self.generation
        stopCallTimer()
        let call: [String: Value] = log.cursor.map { ["since": $0.value] } ?? [:]
        rooms.call("inbox", .object(call)) { [weak self] outcome in
            guard let self, generation == self.generation else { return }
            switch outcome {
            case .lost, .suspected: break
            case .timeout: open()
            case .refused(let error): refused(error)
            case .ok(let value):
                guard let cursor = value["cursor"].flatMap(Position.init), let waiting = value["waiting"]?.count
                else { return refused(.badAnswer) }
                opened(cursor, waiting: waiting)
                if value["recovered"] == false { self.rooms?.inboxLost() }
            }
        }
    }

    private func opened(_ cursor: Position, waiting: Int) {
        isOpen = true
        retries.open.succeeded()
        let promises = waiters
        waiters = []
        for promise in promises { promise.resolve(waiting) }
        perform(log.opened(cursor))
    }

    private func refused(_ error: CrossroomError) {
        // One that was open before is worth another try, though the server talks nonsense.
        let mayPass = error.isRetryable || (error.code == .badAnswer && waiters.isEmpty)
        if mayPass, let rooms {
            later(retries.open.failed(error, rooms.environment.now(), random: rooms.environment.random())) { $0.open() }
            return rooms.warn(error)
        }
        isWanted = false
        if waiters.isEmpty { rooms?.warn(error) }
        let promises = waiters
        waiters = []
        for promise in promises { promise.reject(error) }
        stop()
    }

    private func perform(_ effects: [InboxLog.Effect]) {
        for effect in effects {
            switch effect {
            case .keep(let position):
                if let user, let device { rooms?.storedState.keepProcessed(user: user, device: device, position) }
            case .ack(let position): ackOnceKept(position)
            case .process(let item): give(item)
            }
        }
    }

    /// The server may forget what it is told of: not before this device has kept it.
    private func ackOnceKept(_ position: Position) {
        let generation = self.generation
        Task {
            await rooms?.storedState.settled()
            if generation == self.generation { ack(position) }
        }
    }

    private func ack(_ position: Position) {
        let generation = self.generation
        rooms?.call("inbox_ack", ["position": position.value]) { [weak self] outcome in
            guard let self, generation == self.generation else { return }
            switch outcome {
            case .lost, .suspected: break
            case .ok:
                retries.ack.succeeded()
                perform(log.acked())
            case .timeout: perform(log.ackFailed(position))
            case .refused(let error) where error.isRetryable:
                guard let rooms else { return }
                let delay = retries.ack.failed(error, rooms.environment.now(), random: rooms.environment.random())
                later(delay) { $0.perform($0.log.ackFailed(position)) }
            // The newer connection has it. To open it here would take it away from there.
            case .refused(let error) where error.code == .inboxNotOpen && isTaken: log.taken(position)
            case .refused(let error) where error.code == .inboxNotOpen: open()
            case .refused(let error):
                // The next one covers it; and when the inbox is opened again, `since` says it.
                rooms?.warn(error)
                perform(log.acked())
            }
        }
    }

    private func give(_ item: InboxItem) {
        guard let processor else { return }
        run += 1
        let run = self.run
        work = Task {
            do {
                try await processor(item)
                if run == self.run { processed() }
            } catch {
                if run == self.run { notProcessed(.from(error)) }
            }
        }
    }

    private func processed() {
        retries.process.succeeded()
        perform(log.done())
    }

    private func notProcessed(_ error: CrossroomError) {
        guard let rooms else { return }
        log.failed()
        let delay = retries.process.failed(nil, rooms.environment.now(), random: rooms.environment.random())
        stopProcessTimer = rooms.environment.after(delay) { [weak self] in
            guard let self else { return }
            perform(log.processing(true))
        }
        rooms.warn(error)
    }

    /// Nobody processes items any more; the one in hand is not processed.
    private func stop() {
        run += 1
        work?.cancel()
        work = nil
        processor = nil
        stopProcessTimer()
        perform(log.processing(false))
    }

    private func later(_ milliseconds: Double, _ task: @escaping @CrossroomActor @Sendable (Inbox) -> Void) {
        guard let rooms else { return }
        stopCallTimer()
        stopCallTimer = rooms.environment.after(milliseconds) { [weak self] in if let self { task(self) } }
    }
}
