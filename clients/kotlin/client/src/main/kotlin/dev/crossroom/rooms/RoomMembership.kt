package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.RoomMessage
import dev.crossroom.RoomState
import dev.crossroom.bridge.Environment
import dev.crossroom.json
import kotlin.math.max

/** A room, as its membership sees it. */
internal interface RoomMembershipView {
    /** How many of the newest messages the next join is asked for; null for none. */
    val wantedHistory: Int?

    /** Whether nobody would be given now what is read from the log. */
    val areAllBehind: Boolean

    fun deliver(message: RoomMessage)

    /** The server has answered a join, before anybody hears of it: this device is in the room, though what was missed may still be read. */
    fun entered(answer: JoinAnswer)

    /** The same, after those who wait for the join have heard of it where nothing is to be read. */
    fun answered()

    /** Everything up to a join was delivered, or declared lost. `history`: what its answer has of the room's past. */
    fun joined(joined: Joined, history: HistoryPage?)

    /** Joining was refused for good. `wasJoined`: whether the room had been joined before. */
    fun refused(error: CrossroomException, wasJoined: Boolean)

    fun warn(error: CrossroomException)
}

/**
 * What brings a room from one [RoomState] to the next: joins again after each reconnect, and reads from the log what was missed. In the loop alone,
 * but for what says otherwise.
 */
internal class RoomMembership(
    private val room: String,
    private val caller: Caller,
    private val environment: Environment,
    private val view: RoomMembershipView,
) {
    /** May be read from any thread. */
    @Volatile
    var state = RoomState.DETACHED
        private set

    /** Whether the server has this device in the room: from the answer to a join on, while JOINING and RECOVERING too. */
    var isMember = false
        private set

    /** Of the last message that was given out for delivery, or where one joined. */
    val position: Position? get() = log.position

    private val log = RoomLog()
    private val effects = InOrder(::act)

    /** What the last answer has of the room's past, until its join has come to its end. */
    private var history: HistoryPage? = null

    /** The server has said that it takes no joins and readings before. */
    private var notBefore = Long.MIN_VALUE

    /** Counts connections, joins and leaves: what belongs to an earlier one is ignored. */
    private var generation = 0
    private var failures = 0
    private var timer = Cancellable {}

    /** Begins to join, or goes elsewhere: after `since`, or to where the log is when the join is answered. */
    fun begin(since: Position?) {
        if (state == RoomState.DETACHED) state = RoomState.JOINING
        effects.clear()
        log.begin(since)
        callJoin()
    }

    /** There is a connection. */
    fun up() {
        if (state != RoomState.DETACHED) callJoin()
    }

    /** The connection is lost. */
    fun down() {
        restart()
        log.away()
    }

    /** The room is not wanted any more. */
    fun detach() {
        down()
        effects.clear()
        state = RoomState.DETACHED
    }

    fun onMessage(message: RoomMessage) = effects.add(log.received(message))

    fun callJoin() {
        if (!caller.isUp) return
        restart()
        val early = untilAllowed()
        if (early > 0) {
            timer = environment.after(early, ::callJoin)
            return
        }
        val generation = this.generation
        log.joining()
        val fields = arrayListOf<Pair<String, Any?>>("room" to room)
        log.position?.let { fields += "since" to Wire.position(it) }
        view.wantedHistory?.let { fields += "history" to it }
        caller.call("join", json(*fields.toTypedArray())) { answer ->
            if (generation == this.generation) answer.read(Wire::joined).handle(::answered, ::callJoin, ::refused)
        }
    }

    fun readLog(after: Position, limit: Int, done: (CallOutcome<HistoryPage>) -> Unit) {
        val call = json("room" to room, "after" to Wire.position(after), "limit" to limit)
        caller.call("history", call) { done(it.read(Wire::history)) }
    }

    private fun answered(answer: JoinAnswer) {
        isMember = true
        failures = 0
        history = answer.history
        view.entered(answer)
        effects.add(log.joined(answer.position, answer.recovered, answer.messages))
        view.answered()
    }

    private fun refused(error: CrossroomException) {
        val wasJoined = state == RoomState.RECOVERING
        if (wasJoined && error.mayPass) {
            warnOfNonsense(error)
            waitFor(error)
            timer = environment.after(retryDelay(++failures, environment.random(), error), ::callJoin)
        } else {
            view.refused(error, wasJoined)
        }
    }

    /** What is under way belongs to the past from now on. */
    private fun restart() {
        generation++
        timer.cancel()
        isMember = false
        if (state == RoomState.JOINED) state = RoomState.RECOVERING
    }

    private fun act(effect: LogEffect) {
        when (effect) {
            is LogEffect.Deliver -> view.deliver(effect.message)
            is LogEffect.Joined -> complete(Joined(effect.recovered, effect.position))
            is LogEffect.Rejoin -> callJoin()
            is LogEffect.Read -> if (view.areAllBehind) effects.add(log.passed()) else read(effect.after, effect.failures)
        }
    }

    private fun complete(joined: Joined) {
        // A connection that was lost meanwhile counts no more.
        state = if (isMember) RoomState.JOINED else RoomState.RECOVERING
        val page = history
        history = null
        view.joined(joined, page)
    }

    private fun read(after: Position, failures: Int) {
        val generation = this.generation
        val readNow: () -> Unit = { readLog(after, PAGE) { if (generation == this.generation) onPage(it, failures) } }
        val delay = if (failures == 0) 0 else retryDelay(failures, environment.random())
        val wait = max(delay, untilAllowed())
        if (wait <= 0) readNow() else timer = environment.after(wait, readNow)
    }

    private fun onPage(outcome: CallOutcome<HistoryPage>, failures: Int) =
        outcome.handle(
            ok = { effects.add(log.page(it)) },
            timeout = { effects.add(log.readingFailed()) },
            refused = { unread(it, failures) },
        )

    private fun unread(error: CrossroomException, failures: Int) {
        warnOfNonsense(error)
        when {
            error.mayBeReadAgain(failures) -> {
                waitFor(error)
                effects.add(log.readingFailed())
            }
            error.code == ErrorCode.NOT_JOINED -> callJoin()
            else -> effects.add(log.unreadable())
        }
    }

    /** Nobody waits for the answer that would hear of it. */
    private fun warnOfNonsense(error: CrossroomException) {
        if (error.code == ErrorCode.BAD_ANSWER) view.warn(error)
    }

    private fun waitFor(error: CrossroomException) {
        error.retryAfterMillis?.let { notBefore = environment.now() + it }
    }

    /** Milliseconds until the server takes joins and readings again; 0 or less where it takes them. */
    private fun untilAllowed(): Long = if (notBefore == Long.MIN_VALUE) 0 else notBefore - environment.now()

    private companion object {
        /** Messages in one reading of the log: as many as the server gives at a time. */
        const val PAGE = 500
    }
}
