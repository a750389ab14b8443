/// A stay in a room: joins again after each reconnect, repairs gaps, and delivers each message once and in order. The part of
/// `Room` that talks to the server about it.
@CrossroomActor
final class RoomStay {
    struct View {
        let deliver: @CrossroomActor (RoomMessage) -> Void
        /// The server has answered a join.
        let answered: @CrossroomActor (JoinAnswer) -> Void
        let joined: @CrossroomActor (Joined) -> Void
        /// Joining was refused for good. `wasIn`: whether the room had been joined before.
        let refused: @CrossroomActor (CrossroomError, _ wasIn: Bool) -> Void
    }

    /// "entering": asked for, and never answered yet; "staying": joined once, and again after each reconnect.
    enum State { case out, entering, staying }

    /// Messages in one reading of the log: as many as the server gives at a time.
    private static let page: Int64 = 500

    private(set) var state = State.out
    /// Whether the server has this device in the room.
    private(set) var isIn = false
    /// Whether, besides, everything up to the join was delivered.
    private(set) var isThere = false
    /// Of the last message that was delivered, or where one joined.
    private(set) var delivered: Position?

    private let name: String
    /// Gone at the end, like the stay.
    private weak var caller: (any Caller)?
    private let environment: Environment
    private let view: View
    private var log = RoomLog()
    /// What is to be done, while doing one thing may bring about others.
    private var actions: [RoomLog.Action] = []
    private var isBusy = false
    /// Counts connections, joins and leaves: what belongs to an earlier one is ignored.
    private var turn = 0
    private var failures = 0
    private var stopTimer: Cancel = {}

    init(_ name: String, _ caller: any Caller, _ environment: Environment, _ view: View) {
        self.name = name
        self.caller = caller
        self.environment = environment
        self.view = view
    }

    func enter(since: Position?) {
        state = .entering
        delivered = since
        log.begin(since: since)
        callJoin()
    }

    /// There is a connection.
    func up() {
        if state != .out { callJoin() }
    }

    /// The connection is lost.
    func down() {
        notIn()
        log.away()
    }

    /// Ends the stay.
    func goOut() {
        down()
        actions = []
        state = .out
    }

    func messageCame(_ message: RoomMessage) { perform(log.received(message)) }

    /// Asks to be in the room, from where one was.
    func callJoin() {
        guard let caller, caller.isUp else { return }
        notIn()
        let turn = self.turn
        log.joining()
        var call: [String: Value] = ["room": .string(name)]
        if let since = log.position { call["since"] = since.value }
        caller.call("join", .object(call)) { [weak self] outcome in
            guard let self, turn == self.turn else { return }
            switch outcome {
            case .lost: break
            case .timeout: callJoin()
            case .refused(let error): refused(error)
            case .ok(let value): if let answer = JoinAnswer(value) { answered(answer) } else { refused(.malformedAnswer) }
            }
        }
    }

    private func answered(_ answer: JoinAnswer) {
        isIn = true
        failures = 0
        view.answered(answer)
        perform(log.joined(answer))
    }

    private func refused(_ error: CrossroomError) {
        if state == .staying, error.isRetryable {
            failures += 1
            let delay = Backoff.call(failures: failures, random: environment.random())
            stopTimer = environment.after(delay) { [weak self] in self?.callJoin() }
        } else {
            view.refused(error, state == .staying)
        }
    }

    /// What is under way belongs to the past from now on.
    private func notIn() {
        turn += 1
        stopTimer()
        isIn = false
        isThere = false
    }

    private func perform(_ more: [RoomLog.Action]) {
        actions += more
        if isBusy { return }
        isBusy = true
        while !actions.isEmpty { act(actions.removeFirst()) }
        isBusy = false
    }

    private func act(_ action: RoomLog.Action) {
        switch action {
        case .deliver(let message):
            delivered = message.position
            view.deliver(message)
        case .joined(let joined):
            state = .staying
            delivered = joined.position
            // A connection that was lost meanwhile counts no more.
            isThere = isIn
            view.joined(joined)
        case .rejoin: callJoin()
        case .read(let after, let failures): read(after: after, failures: failures)
        }
    }

    private func read(after: Position, failures: Int) {
        let turn = self.turn
        let call: Value = ["room": .string(name), "after": after.value, "limit": .int(Self.page)]
        if failures == 0 { return read(call, turn) }
        let delay = Backoff.call(failures: failures, random: environment.random())
        stopTimer = environment.after(delay) { [weak self] in self?.read(call, turn) }
    }

    private func read(_ call: Value, _ turn: Int) {
        caller?.call("history", call) { [weak self] outcome in
            guard let self, turn == self.turn else { return }
            switch outcome {
            case .lost: break
            case .timeout: perform(log.readingFailed())
            case .ok(let value):
                if let page = HistoryPage(value) { perform(log.page(page)) } else { perform(log.readingFailed()) }
            case .refused(let error) where error.isRetryable: perform(log.readingFailed())
            case .refused(let error) where error.code == .notJoined: callJoin()
            case .refused: perform(log.unreadable())
            }
        }
    }
}
