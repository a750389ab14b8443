package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.History
import dev.crossroom.Joined
import dev.crossroom.Members
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.RoomMessage
import dev.crossroom.Self
import dev.crossroom.Signal
import dev.crossroom.Value
import dev.crossroom.bridge.Environment
import dev.crossroom.json
import dev.crossroom.ownError
import kotlinx.coroutines.flow.MutableStateFlow

internal interface RoomHost : Caller {
    val self: Self?
    val environment: Environment
    val pending: PendingCount
    val pendingReadings: PendingCount
    val maxLag: Int

    /** Why nothing can be done any more, after the end. May be read from any thread. */
    val over: CrossroomException?

    fun tell(name: String, argument: Value.Object, done: (CrossroomException?) -> Unit)
}

/** A room: joins again after each reconnect, delivers, publishes. In the loop alone, but for what says otherwise. */
internal class RoomCore(val name: String, private val host: RoomHost) {
    /** ENTERING: asked for, and never answered yet; STAYING: joined once, and again after each reconnect. */
    private enum class Stay { OUT, ENTERING, STAYING }

    private val environment = host.environment
    private val people = MemberList()

    /** May be used from any thread. */
    val events = Subscribers<RoomEvent>(host.maxLag)

    /** The same, until the room is left. */
    val messages = Subscribers<RoomMessage>(host.maxLag)

    /** May be read from any thread. */
    val members = MutableStateFlow(Members(emptyMap(), 0))

    /** May be read from any thread: of the last message that was delivered, or where one joined. */
    @Volatile
    var delivered: Position? = null
        private set

    /** May be read from any thread: whether the server has this device in the room, and everything up to the join was delivered. */
    @Volatile
    var isThere = false
        private set

    private val log = RoomLog()
    private val publishes: OutLane
    private val readings: OutLane
    private var stay = Stay.OUT

    /** Whether the server has this device in the room. */
    private var isIn = false
    private val waiters = ArrayList<Callback<Joined>>()

    /** Counts connections, joins and leaves: what belongs to an earlier one is ignored. */
    private var turn = 0
    private val actions = InOrder(::act)
    private var failures = 0
    private var timer = Cancellable {}

    init {
        // A room that one does not want to be in is the server's to refuse.
        val isReady = { stay == Stay.OUT || isThere }
        publishes = OutLane(host, environment, host.pending, isReady)
        readings = OutLane(host, environment, host.pendingReadings, isReady)
    }

    fun join(since: Position?, callback: Callback<Joined>): Cancellable {
        host.over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val at = delivered
        if (isThere && at != null) {
            callback.onSuccess(Joined(true, at))
            return Cancellable {}
        }
        waiters.add(callback)
        if (stay == Stay.OUT) {
            stay = Stay.ENTERING
            delivered = since
            log.begin(since)
            callJoin()
        }
        return Cancellable {
            if (waiters.remove(callback) && waiters.isEmpty() && stay == Stay.ENTERING) leave {}
        }
    }

    fun leave(done: () -> Unit) {
        if (stay == Stay.OUT) return done()
        goOut(ownError(ErrorCode.ABORTED, "The room was left."), null)
        callLeave(done)
    }

    fun publish(data: Value, id: String?, callback: Callback<Published>): Cancellable {
        host.over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val chosen = id ?: environment.newId()
        val call = json("room" to name, "data" to data, "id" to chosen)
        return publishes.submit("publish", call, chosen, { Wire.published(it).copy(id = chosen) }, callback)
    }

    fun signal(data: Value, done: (CrossroomException?) -> Unit) {
        if (isThere) host.tell("signal", json("room" to name, "data" to data), done) else done(host.over)
    }

    fun history(before: Position?, after: Position?, limit: Int?, callback: Callback<History>): Cancellable {
        host.over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val fields = LinkedHashMap<String, Any?>()
        fields["room"] = name
        before?.let { fields["before"] = Wire.position(it) }
        after?.let { fields["after"] = Wire.position(it) }
        limit?.let { fields["limit"] = it }
        val call = json(*fields.map { it.toPair() }.toTypedArray())
        val read = { answer: Value -> Wire.history(answer).let { History(it.messages, it.more) } }
        return readings.submit("history", call, null, read, callback)
    }

    /** There is a connection. */
    fun up() {
        if (stay != Stay.OUT) callJoin()
        publishes.renew()
        readings.renew()
    }

    /** The connection is lost. */
    fun down() {
        notIn()
        log.away()
    }

    /** There will be no connection any more. */
    fun end(error: CrossroomException) {
        goOut(error, unlessClosed(error))
        publishes.rejectAll(error)
        readings.rejectAll(error)
        events.end(unlessClosed(error))
    }

    /** After a subscription: one that came after the end ends too. */
    fun endIfOver() {
        val error = host.over ?: return
        messages.end(unlessClosed(error))
        events.end(unlessClosed(error))
    }

    fun messageCame(message: RoomMessage) = actions.add(log.received(message))

    fun signalCame(signal: Signal) {
        if (isIn) events.tell(RoomEvent.Signalled(signal))
    }

    fun presenceCame(change: PresenceChange) {
        if (!isIn) return
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
        if (change.type == "leave" && change.member.user == host.self?.user) return callJoin()
        show(people.change(change))
    }

    private fun show(now: Members) {
        members.value = now
        events.tell(RoomEvent.Presence(now))
    }

    private fun callJoin() {
        if (!host.isUp) return
        notIn()
        val turn = this.turn
        log.joining()
        val since = log.position
        val call = if (since == null) json("room" to name) else json("room" to name, "since" to Wire.position(since))
        host.call("join", call) { answer ->
            if (turn == this.turn) {
                when (val outcome = answer.read(Wire::joined)) {
                    is Outcome.Ok -> answered(outcome.result)
                    is Outcome.Timeout -> callJoin()
                    is Outcome.Refused -> refused(outcome.error)
                    is Outcome.Lost -> Unit
                }
            }
        }
    }

    private fun answered(joined: JoinAnswer) {
        isIn = true
        failures = 0
        val now = people.reset(joined.members, joined.count)
        actions.add(log.joined(joined.position, joined.recovered, joined.messages))
        show(now)
    }

    private fun refused(error: CrossroomException) {
        if (stay == Stay.STAYING && error.retryable) {
            timer = environment.after(retryDelay(++failures, environment.random()), ::callJoin)
        } else {
            expelled(error)
        }
    }

    private fun expelled(error: CrossroomException) {
        val wasIn = stay == Stay.STAYING
        goOut(error, error)
        if (wasIn) events.tell(RoomEvent.Left(error))
    }

    /** Ends the stay. `pending`: what joins and publishes that wait fail with; `reading`: what those who collect messages fail with. */
    private fun goOut(pending: CrossroomException, reading: CrossroomException?) {
        down()
        actions.clear()
        stay = Stay.OUT
        val waiting = ArrayList(waiters)
        waiters.clear()
        for (waiter in waiting) waiter.onFailure(pending)
        messages.end(reading)
        publishes.rejectAll(pending, spareUnderWay = true)
        readings.rejectAll(pending, spareUnderWay = true)
    }

    /** What is under way belongs to the past from now on. */
    private fun notIn() {
        turn++
        timer.cancel()
        isIn = false
        isThere = false
    }

    private fun callLeave(done: () -> Unit) {
        host.call("leave", json("room" to name)) { outcome ->
            // A lost connection has left the room, and a refusal says that one was not in it.
            if (outcome is Outcome.Timeout && stay == Stay.OUT) callLeave(done) else done()
        }
    }

    private fun act(action: LogAction) {
        when (action) {
            is LogAction.Deliver -> deliver(action.message)
            is LogAction.Joined -> complete(Joined(action.recovered, action.position))
            is LogAction.Rejoin -> callJoin()
            is LogAction.Read -> read(action.after, action.failures)
        }
    }

    private fun deliver(message: RoomMessage) {
        delivered = message.position
        if (message.from.user == host.self?.user) {
            val answer = json("id" to message.id, "position" to Wire.position(message.position), "at" to message.at)
            publishes.seen(message.id, answer)
        }
        events.tell(RoomEvent.Message(message))
        messages.tell(message)
    }

    private fun complete(result: Joined) {
        stay = Stay.STAYING
        delivered = result.position
        // A connection that was lost meanwhile counts no more.
        isThere = isIn
        val waiting = ArrayList(waiters)
        waiters.clear()
        events.tell(RoomEvent.Entered(result))
        for (waiter in waiting) waiter.onSuccess(result)
        publishes.flush()
        readings.flush()
    }

    private fun read(after: Position, failures: Int) {
        val turn = this.turn
        val call = json("room" to name, "after" to Wire.position(after), "limit" to PAGE)
        val readNow: () -> Unit = {
            host.call("history", call) { answer ->
                if (turn == this.turn) pageCame(answer.read(Wire::history))
            }
        }
        if (failures == 0) readNow() else timer = environment.after(retryDelay(failures, environment.random()), readNow)
    }

    private fun pageCame(outcome: Outcome<HistoryPage>) {
        when (outcome) {
            is Outcome.Ok -> actions.add(log.page(outcome.result))
            is Outcome.Timeout -> actions.add(log.readingFailed())
            is Outcome.Refused ->
                when {
                    outcome.error.retryable -> actions.add(log.readingFailed())
                    outcome.error.code == ErrorCode.NOT_JOINED -> callJoin()
                    else -> actions.add(log.unreadable())
                }
            is Outcome.Lost -> Unit
        }
    }

    private companion object {
        /** Messages in one reading of the log: as many as the server gives at a time. */
        const val PAGE = 500
    }
}
