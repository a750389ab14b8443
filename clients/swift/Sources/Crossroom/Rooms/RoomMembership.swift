/// Membership of a room: joins again after each reconnect, repairs gaps, and delivers each message once and in order, at the reader's pace. The
/// part of `Room` that talks to the server about it.
@CrossroomActor
final class RoomMembership {
    struct View {
        /// Messages that the readers can take.
        let space: @CrossroomActor () -> Int
        let deliver: @CrossroomActor (RoomMessage) -> Void
        /// The server has answered a join.
        let answered: @CrossroomActor (JoinAnswer) -> Void
        let joined: @CrossroomActor (Joined) -> Void
        /// What is missing waits for the readers; `joinedAt`: and with it the end of the join there.
        let behind: @CrossroomActor (_ joinedAt: Position?) -> Void
        /// Joining was refused for good. `wasJoined`: whether the room had been joined before.
        let refused: @CrossroomActor (CrossroomError, _ wasJoined: Bool) -> Void
        let warn: @CrossroomActor (CrossroomError) -> Void
    }

    /// Messages in one reading of the log: as many as the server gives at a time.
    private static let page = 500
    /// Readings in a row that brought nothing, after which one more whose answer is none is the last.
    private static let maxBadPages = 5

    private(set) var state = RoomState.detached
    /// Whether the server has this device in the room: from the answer to a join on, while `joining` and `recovering` too.
    private(set) var isMember = false

    private let name: String
    /// Gone at the end, like the membership.
    private weak var caller: (any Caller)?
    private let environment: Environment
    private let view: View
    private var log: RoomLog
    /// How many of the newest messages the answer is to have, until there is one.
    private var history: Int?
    /// What is to be done, while doing one thing may bring about others.
    private var effects: [RoomLog.Effect] = []
    private var isBusy = false
    /// Counts connections, joins and leaves: what belongs to an earlier one is ignored.
    private var generation = 0
    private var retry = Retry()
    private var stopTimer: Cancel = {}

    init(_ name: String, _ caller: any Caller, _ environment: Environment, maxHeld: Int, _ view: View) {
        self.name = name
        self.caller = caller
        self.environment = environment
        self.view = view
        log = RoomLog(maxHeld: maxHeld)
    }

    /// Begins to join, or goes back to `since`.
    /// - Parameter history: for how many of the newest messages the server is asked besides.
    func begin(since: Position?, history: Int?) {
        if state == .detached { state = .joining }
        self.history = history
        effects = []
        restart()
        log.begin(since: since)
        callJoin()
    }

    /// Whether messages wait for the readers.
    var isBehind: Bool { log.isBehind }

    /// The readers can take messages again.
    func resume() { perform { $0.resumed() } }

    /// There is a connection.
    func up() {
        if state != .detached { callJoin() }
    }

    /// The connection is lost.
    func down() {
        restart()
        log.away()
    }

    /// Ends it.
    func detach() {
        down()
        effects = []
        state = .detached
    }

    func onMessage(_ message: RoomMessage) { perform { $0.received(message) } }

    /// Asks to be in the room, from where one was.
    func callJoin() {
        guard let caller, caller.isUp else { return }
        restart()
        let left = retry.left(environment.now())
        if left > 0 {
            stopTimer = environment.after(left) { [weak self] in self?.callJoin() }
            return
        }
        let generation = self.generation
        log.joining()
        var call: [String: Value] = ["room": .string(name)]
        if let since = log.position { call["since"] = since.value }
        if let history { call["history"] = .int(Int64(history)) }
        caller.call("join", .object(call)) { [weak self] outcome in
            guard let self, generation == self.generation else { return }
            switch outcome {
            case .lost, .suspected: break
            case .timeout: callJoin()
            case .refused(let error): refused(error)
            case .ok(let value): if let answer = JoinAnswer(value) { answered(answer) } else { refused(.badAnswer) }
            }
        }
    }

    private func answered(_ answer: JoinAnswer) {
        isMember = true
        retry.succeeded()
        history = nil
        view.answered(answer)
        perform { $0.joined(answer) }
    }

    private func refused(_ error: CrossroomError) {
        let delay = retry.failed(error, environment.now(), random: environment.random())
        // It cannot be `joined`: who asks anew is not, until the answer.
        let wasJoined = state == .recovering
        // A server that talks nonsense for once does not end it.
        if wasJoined, error.isRetryable || error.code == .badAnswer {
            warnOfNonsense(error)
            stopTimer = environment.after(delay) { [weak self] in self?.callJoin() }
        } else {
            view.refused(error, wasJoined)
        }
    }

    /// What is under way belongs to the past from now on.
    private func restart() {
        generation += 1
        stopTimer()
        isMember = false
        if state == .joined { state = .recovering }
    }

    /// The join has come to its end. A connection that was lost meanwhile counts no more.
    private func arrive() { state = isMember ? .joined : .recovering }

    private func perform(_ step: (inout RoomLog) -> [RoomLog.Effect]) {
        let onTheWay = effects.lazy.filter { if case .deliver = $0 { true } else { false } }.count
        log.space = view.space() - onTheWay
        effects += step(&log)
        if isBusy { return }
        isBusy = true
        while !effects.isEmpty { act(effects.removeFirst()) }
        isBusy = false
    }

    private func act(_ effect: RoomLog.Effect) {
        switch effect {
        case .deliver(let message): view.deliver(message)
        case .joined(let joined):
            arrive()
            view.joined(joined)
        case .behind(let joinedAt):
            arrive()
            view.behind(joinedAt)
        case .rejoin: callJoin()
        case .read(let after, let failures): read(after: after, failures: failures)
        }
    }

    private func read(after: Position, failures: Int) {
        let generation = self.generation
        // No more than the readers can take: what is read must not be thrown away, or kept.
        let limit = Int64(clamping: min(Self.page, log.space))
        let call: Value = ["room": .string(name), "after": after.value, "limit": .int(max(1, limit))]
        if failures == 0 { return read(call, generation, failures) }
        let now = environment.now()
        let delay = max(Backoff.call(failures: failures, random: environment.random()), retry.left(now))
        stopTimer = environment.after(delay) { [weak self] in self?.read(call, generation, failures) }
    }

    private func read(_ call: Value, _ generation: Int, _ failures: Int) {
        caller?.call("history", call) { [weak self] outcome in
            guard let self, generation == self.generation else { return }
            switch outcome {
            case .lost, .suspected: break
            case .timeout: perform { $0.readingFailed() }
            case .refused(let error): unread(error, failures)
            case .ok(let value):
                guard let page = HistoryPage(value) else { return unread(.badAnswer, failures) }
                retry.succeeded()
                perform { $0.page(page) }
            }
        }
    }

    private func unread(_ error: CrossroomError, _ failures: Int) {
        warnOfNonsense(error)
        if error.isRetryable || (error.code == .badAnswer && failures < Self.maxBadPages) {
            _ = retry.failed(error, environment.now(), random: environment.random())
            perform { $0.readingFailed() }
        } else if error.code == .notJoined {
            callJoin()
        } else {
            perform { $0.unreadable() }
        }
    }

    /// Nobody waits for the answer that would hear of it.
    private func warnOfNonsense(_ error: CrossroomError) {
        if error.code == .badAnswer { view.warn(error) }
    }
}
