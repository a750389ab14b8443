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
import dev.crossroom.callback
import dev.crossroom.json
import dev.crossroom.ownError
import kotlinx.coroutines.flow.MutableStateFlow
import kotlin.math.max

internal interface RoomHost : Caller {
    val self: Self?
    val environment: Environment
    val pending: PendingCount
    val pendingReadings: PendingCount
    val maxLag: Int

    /** Why nothing can be done any more, after the end. May be read from any thread. */
    val over: CrossroomException?

    fun emit(name: String, argument: Value.Object, done: (CrossroomException?) -> Unit)
}

/** A room: joins again after each reconnect, delivers, publishes. In the loop alone, but for what says otherwise. */
internal class RoomCore(val name: String, private val host: RoomHost) : RoomBroadcastHost {
    /** ENTERING: asked for, and never answered yet; STAYING: joined once, and again after each reconnect. */
    private enum class Stay { OUT, ENTERING, STAYING }

    /** Whoever waits for a join. `history`: how many of the newest messages are wanted with it. */
    private class JoinWaiter(val history: Int?, val callback: Callback<Joined>)

    override val environment = host.environment
    override val maxLag = host.maxLag
    private val people = MemberList()

    /** May be used from any thread. */
    val broadcast = RoomBroadcast(this)

    /** May be read from any thread. */
    val members = MutableStateFlow(Members(emptyMap(), 0))

    /** May be read from any thread: of the last message that the application was given, or where one joined. */
    val position: Position? get() = broadcast.position(tip)

    /** Of the last message that was told to the readers, or where one joined. */
    @Volatile
    override var tip: Position? = null
        private set

    /** May be read from any thread: whether the server has this device in the room, and everything up to the join was delivered. */
    @Volatile
    var isThere = false
        private set

    private val log = RoomLog()
    val publishes: SendQueueRunner
    private val readings: SendQueueRunner
    private var stay = Stay.OUT

    /** Whether the server has this device in the room. */
    private var isIn = false
    private val waiters = ArrayList<JoinWaiter>()

    /** Callers whose join was answered in this stay. */
    private var holders = 0

    /** Whether this stay began with a `since`; and what the last answer had of the room's past, before anything was told. */
    private var isSince = false
    private var past: HistoryPage? = null

    /** The server has said that it takes no joins and readings before. */
    private var notBefore = Long.MIN_VALUE

    /** Counts connections, joins and leaves: what belongs to an earlier one is ignored. */
    private var generation = 0
    private val effects = InOrder(::act)
    private var failures = 0
    private var timer = Cancellable {}

    init {
        // A room that one does not want to be in is the server's to refuse.
        val isReady = { stay == Stay.OUT || isThere }
        publishes = SendQueueRunner(host, environment, host.pending, isReady)
        readings = SendQueueRunner(host, environment, host.pendingReadings, isReady)
    }

    fun join(since: Position?, history: Int?, callback: Callback<Joined>): Cancellable {
        host.over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val waiter = JoinWaiter(history, callback)
        val at = if (stay == Stay.ENTERING) log.position else position
        val isElsewhere = since != null && since != at
        if (isThere && at != null && !isElsewhere) {
            answer(waiter, Joined(true, at), null, isAllTold = false)
            return Cancellable {}
        }
        waiters.add(waiter)
        if (stay == Stay.OUT) {
            stay = Stay.ENTERING
            begin(since)
        } else if (isElsewhere) {
            begin(since)
        }
        return Cancellable {
            if (waiters.remove(waiter)) leaveUnwanted(stay == Stay.ENTERING)
        }
    }

    /** A join that was answered is of no use to its caller, who was cancelled meanwhile. */
    fun giveUp() {
        if (holders > 0) leaveUnwanted(--holders == 0)
    }

    private fun leaveUnwanted(isUnwanted: Boolean) {
        if (isUnwanted && waiters.isEmpty()) leave {}
    }

    /** Reads the room from here: after `since`, or from where the log is when the join is answered. */
    private fun begin(since: Position?) {
        effects.clear()
        isSince = since != null
        tip = since
        log.begin(since)
        broadcast.begin(since)
        callJoin()
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
        if (isThere) host.emit("signal", json("room" to name, "data" to data), done) else done(host.over)
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
        return readings.submit("history", call, null, { answer -> Wire.history(answer).let { History(it.messages, it.more) } }, callback)
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
        broadcast.end(unlessClosed(error))
    }

    /** After a subscription: one that came after the end ends too. */
    fun endIfOver() {
        val error = host.over ?: return
        broadcast.end(unlessClosed(error))
    }

    fun onMessage(message: RoomMessage) = effects.add(log.received(message))

    fun onSignal(signal: Signal) {
        if (isIn) broadcast.emit(RoomEvent.Signalled(signal))
    }

    fun onPresence(change: PresenceChange) {
        if (!isIn) return
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
        if (change.type == "leave" && change.member.user == host.self?.user) return callJoin()
        show(people.change(change))
    }

    private fun show(now: Members) {
        members.value = now
        broadcast.emit(RoomEvent.Presence(now))
    }

    private fun callJoin() {
        if (!host.isUp) return
        notIn()
        val early = notBefore - environment.now()
        if (notBefore != Long.MIN_VALUE && early > 0) {
            timer = environment.after(early, ::callJoin)
            return
        }
        val generation = this.generation
        log.joining()
        val fields = arrayListOf<Pair<String, Any?>>("room" to name)
        log.position?.let { fields += "since" to Wire.position(it) }
        waiters.mapNotNull { it.history }.maxOrNull()?.let { fields += "history" to it }
        val call = json(*fields.toTypedArray())
        host.call("join", call) { answer ->
            if (generation == this.generation) {
                when (val outcome = answer.read(Wire::joined)) {
                    is CallOutcome.Ok -> answered(outcome.result)
                    is CallOutcome.Timeout -> callJoin()
                    is CallOutcome.Refused -> refused(outcome.error)
                    is CallOutcome.Lost -> Unit
                }
            }
        }
    }

    private fun answered(joined: JoinAnswer) {
        isIn = true
        failures = 0
        past = joined.history
        val now = people.reset(joined.members, joined.count)
        effects.add(log.joined(joined.position, joined.recovered, joined.messages))
        show(now)
    }

    private fun refused(error: CrossroomException) {
        if (stay == Stay.STAYING && error.retryable) {
            waitFor(error)
            timer = environment.after(retryDelay(++failures, environment.random(), error), ::callJoin)
        } else {
            expelled(error)
        }
    }

    private fun expelled(error: CrossroomException) {
        val wasIn = stay == Stay.STAYING
        goOut(error, error)
        if (wasIn) broadcast.emit(RoomEvent.Left(error))
    }

    /** Ends the stay. `pending`: what joins and publishes that wait fail with; `reading`: what those who collect messages fail with. */
    private fun goOut(pending: CrossroomException, reading: CrossroomException?) {
        down()
        effects.clear()
        stay = Stay.OUT
        holders = 0
        for (waiter in takeWaiters()) waiter.callback.onFailure(pending)
        broadcast.leave(reading)
        publishes.rejectAll(pending, spareUnderWay = true)
        readings.rejectAll(pending, spareUnderWay = true)
    }

    /** What is under way belongs to the past from now on. */
    private fun notIn() {
        generation++
        timer.cancel()
        isIn = false
        isThere = false
    }

    private fun callLeave(done: () -> Unit) {
        host.call("leave", json("room" to name)) { outcome ->
            // A lost connection has left the room, and a refusal says that one was not in it.
            if (outcome is CallOutcome.Timeout && stay == Stay.OUT) callLeave(done) else done()
        }
    }

    private fun act(effect: LogEffect) {
        when (effect) {
            is LogEffect.Deliver -> deliver(effect.message)
            is LogEffect.Joined -> complete(Joined(effect.recovered, effect.position))
            is LogEffect.Rejoin -> callJoin()
            is LogEffect.Read -> if (broadcast.areAllBehind) effects.add(log.passed()) else read(effect.after, effect.failures)
        }
    }

    private fun deliver(message: RoomMessage) {
        if (message.from.user == host.self?.user) {
            val answer = json("id" to message.id, "position" to Wire.position(message.position), "at" to message.at)
            publishes.confirm(message.id, answer)
        }
        broadcast.emit(RoomEvent.Message(message)) { tip = message.position }
    }

    private fun complete(result: Joined) {
        stay = Stay.STAYING
        // A connection that was lost meanwhile counts no more.
        isThere = isIn
        val page = past?.let { afterTip(it) }
        past = null
        val waiting = takeWaiters()
        broadcast.emit(RoomEvent.Entered(result)) { tip = result.position }
        // Where all since a position was told, the newest were among it.
        val isAllTold = isSince && result.recovered
        for (waiter in waiting) answer(waiter, result, page, isAllTold)
        publishes.flush()
        readings.flush()
        broadcast.resume()
    }

    /** What was told already is not told a second time. */
    private fun afterTip(page: HistoryPage): HistoryPage {
        val delivered = tip?.takeIf { isSince } ?: return page
        return HistoryPage(page.messages.filter { it.position.epoch != delivered.epoch || it.position.offset > delivered.offset }, page.more)
    }

    /** Answers with the newest messages up to where one joined, where they are wanted: those of the server's answer, or else they are read. */
    private fun answer(waiter: JoinWaiter, joined: Joined, page: HistoryPage?, isAllTold: Boolean) {
        holders++
        val wanted = waiter.history
        if (wanted == null || isAllTold) return waiter.callback.onSuccess(joined)
        if (page != null) {
            val newest = page.messages.takeLast(wanted)
            return waiter.callback.onSuccess(joined.copy(history = History(newest, page.more || newest.size < page.messages.size)))
        }
        val none = History(emptyList(), false)
        val (epoch, offset) = joined.position
        history(
            Position(epoch, offset + 1),
            null,
            wanted,
            callback({ waiter.callback.onSuccess(joined.copy(history = it)) }, { error ->
                // Who may not read the past has joined all the same.
                if (error.code == ErrorCode.FORBIDDEN) waiter.callback.onSuccess(joined.copy(history = none)) else waiter.callback.onFailure(error)
            }),
        )
    }

    private fun takeWaiters(): List<JoinWaiter> = ArrayList(waiters).also { waiters.clear() }

    private fun waitFor(error: CrossroomException) {
        error.retryAfterMillis?.let { notBefore = environment.now() + it }
    }

    override val isReadable: Boolean get() = isThere

    override fun presence(): RoomEvent = RoomEvent.Presence(members.value)

    override fun readLog(after: Position, limit: Int, done: (CallOutcome<HistoryPage>) -> Unit) {
        val call = json("room" to name, "after" to Wire.position(after), "limit" to limit)
        host.call("history", call) { done(it.read(Wire::history)) }
    }

    private fun read(after: Position, failures: Int) {
        val generation = this.generation
        val readNow: () -> Unit = { readLog(after, PAGE) { if (generation == this.generation) onPage(it) } }
        val early = if (notBefore == Long.MIN_VALUE) 0 else notBefore - environment.now()
        val delay = if (failures == 0) 0 else retryDelay(failures, environment.random())
        if (max(delay, early) <= 0) readNow() else timer = environment.after(max(delay, early), readNow)
    }

    private fun onPage(outcome: CallOutcome<HistoryPage>) {
        when (outcome) {
            is CallOutcome.Ok -> effects.add(log.page(outcome.result))
            is CallOutcome.Timeout -> effects.add(log.readingFailed())
            is CallOutcome.Refused ->
                when {
                    outcome.error.retryable -> {
                        waitFor(outcome.error)
                        effects.add(log.readingFailed())
                    }
                    outcome.error.code == ErrorCode.NOT_JOINED -> callJoin()
                    else -> effects.add(log.unreadable())
                }
            is CallOutcome.Lost -> Unit
        }
    }

    private companion object {
        /** Messages in one reading of the log: as many as the server gives at a time. */
        const val PAGE = 500
    }
}
