package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.History
import dev.crossroom.Joined
import dev.crossroom.MembersPage
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.RoomMessage
import dev.crossroom.RoomState
import dev.crossroom.Self
import dev.crossroom.Signal
import dev.crossroom.Value
import dev.crossroom.bridge.Environment
import dev.crossroom.callback
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

    fun emit(name: String, argument: Value.Object, done: (CrossroomException?) -> Unit)

    fun warn(error: CrossroomException)
}

/** A room: its membership, its collectors, its publishes and readings. In the loop alone, but for what says otherwise. */
internal class RoomCore(val name: String, private val host: RoomHost) : RoomBroadcastHost, RoomMembershipView {
    /** Whoever waits for a join. `history`: how many of the newest messages are wanted with it. */
    private class JoinWaiter(val history: Int?, val callback: Callback<Joined>)

    override val environment = host.environment
    override val maxLag = host.maxLag
    private val membership = RoomMembership(name, host, environment, this)
    private val memberList = MemberList()

    /** May be read from any thread. */
    val state: RoomState get() = membership.state

    /** May be used from any thread. */
    val broadcast = RoomBroadcast(this)

    /** May be read from any thread. */
    val members = MutableStateFlow(memberList.now)

    /** May be read from any thread: of the last message that the application was given, or where one joined. */
    val position: Position? get() = broadcast.position(tip)

    /** Of the last message that was given to all who are not behind, or where one joined. */
    @Volatile
    override var tip: Position? = null
        private set

    val publishes: SendQueueRunner
    private val readings: SendQueueRunner
    private val waiters = ArrayList<JoinWaiter>()

    /** Callers whose join was answered since the room was detached last. */
    private var holders = 0

    /** Whether the room is read after a `since` that was given. */
    private var isSince = false

    init {
        // A room that one does not want to be in is the server's to refuse.
        val isReady = { state == RoomState.DETACHED || state == RoomState.JOINED }
        publishes = SendQueueRunner(host, environment, host.pending, isReady)
        readings = SendQueueRunner(host, environment, host.pendingReadings, isReady)
    }

    fun join(since: Position?, history: Int?, callback: Callback<Joined>): Cancellable {
        host.over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val waiter = JoinWaiter(history, callback)
        val at = if (state == RoomState.JOINING) membership.position else position
        val isElsewhere = since != null && since != at
        if (state == RoomState.JOINED && at != null && !isElsewhere) {
            answer(waiter, Joined(true, at), null, isAllDelivered = false)
            return Cancellable {}
        }
        waiters.add(waiter)
        if (state == RoomState.DETACHED || isElsewhere) begin(since)
        return Cancellable {
            if (waiters.remove(waiter)) leaveUnwanted(state == RoomState.JOINING)
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
        isSince = since != null
        tip = since
        broadcast.begin(since)
        membership.begin(since)
    }

    fun leave(done: () -> Unit) {
        if (state == RoomState.DETACHED) return done()
        detach(ownError(ErrorCode.ABORTED, "The room was left."), null)
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
        if (state == RoomState.JOINED) host.emit("signal", json("room" to name, "data" to data), done) else done(host.over)
    }

    fun history(before: Position?, after: Position?, limit: Int?, callback: Callback<History>): Cancellable {
        val fields = listOf("before" to before?.let(Wire::position), "after" to after?.let(Wire::position), "limit" to limit)
        return read("history", fields, { answer -> Wire.history(answer).let { History(it.messages, it.more) } }, callback)
    }

    fun listMembers(after: String?, limit: Int?, callback: Callback<MembersPage>): Cancellable =
        read("presence", listOf("after" to after, "limit" to limit), Wire::membersPage, callback)

    /** Calls what reads a page. Fields that are null are left out. */
    private fun <T> read(call: String, fields: List<Pair<String, Any?>>, read: (Value) -> T, callback: Callback<T>): Cancellable {
        host.over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val given = fields.filter { (_, value) -> value != null }.toTypedArray()
        return readings.submit(call, json("room" to name, *given), null, read, callback)
    }

    /** There is a connection. */
    fun up() {
        membership.up()
        publishes.renew()
        readings.renew()
    }

    /** The connection is lost. */
    fun down() = membership.down()

    /** There will be no connection any more. */
    fun end(error: CrossroomException) {
        detach(error, unlessClosed(error))
        publishes.rejectAll(error)
        readings.rejectAll(error)
        broadcast.end(unlessClosed(error))
    }

    /** After a subscription: one that came after the end ends too. */
    fun endIfOver() {
        val error = host.over ?: return
        broadcast.end(unlessClosed(error))
    }

    fun onMessage(message: RoomMessage) = membership.onMessage(message)

    fun onSignal(signal: Signal) {
        if (membership.isMember) broadcast.emit(RoomEvent.Signalled(signal))
    }

    fun onPresence(event: PresenceEvent) {
        if (!membership.isMember) return
        val own = event.changes?.lastOrNull { it.member.user == host.self?.user }
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
        if (own?.type == ChangeType.LEAVE) return membership.callJoin()
        members.value = memberList.told(event.count, event.members, event.changes)
        tellPresence()
    }

    private fun tellPresence() {
        broadcast.emit(RoomEvent.Presence(members.value))
    }

    override val wantedHistory: Int? get() = waiters.mapNotNull { it.history }.maxOrNull()

    override val areAllBehind: Boolean get() = broadcast.areAllBehind

    override fun entered(answer: JoinAnswer) {
        members.value = memberList.told(answer.count, answer.members)
    }

    override fun answered() = tellPresence()

    override fun refused(error: CrossroomException, wasJoined: Boolean) {
        detach(error, error)
        if (wasJoined) broadcast.emit(RoomEvent.Left(error))
    }

    override fun warn(error: CrossroomException) = host.warn(error)

    override fun deliver(message: RoomMessage) {
        if (message.from.user == host.self?.user) {
            val answer = json("id" to message.id, "position" to Wire.position(message.position), "at" to message.at)
            publishes.confirm(message.id, answer)
        }
        broadcast.emit(RoomEvent.Message(message)) { tip = message.position }
    }

    override fun joined(joined: Joined, history: HistoryPage?) {
        val page = history?.let(::afterTip)
        val waiting = takeWaiters()
        broadcast.emit(RoomEvent.Entered(joined)) { tip = joined.position }
        // Where all since a position was delivered, the newest were among it.
        val isAllDelivered = isSince && joined.recovered
        for (waiter in waiting) answer(waiter, joined, page, isAllDelivered)
        publishes.flush()
        readings.flush()
        broadcast.resume()
    }

    /** `pending`: what joins and publishes that wait fail with; `reading`: what those who collect messages fail with. */
    private fun detach(pending: CrossroomException, reading: CrossroomException?) {
        membership.detach()
        holders = 0
        for (waiter in takeWaiters()) waiter.callback.onFailure(pending)
        broadcast.leave(reading)
        publishes.rejectAll(pending, spareUnderWay = true)
        readings.rejectAll(pending, spareUnderWay = true)
    }

    private fun callLeave(done: () -> Unit) {
        host.call("leave", json("room" to name)) { outcome ->
            // A lost connection has left the room, and a refusal says that one was not in it.
            if (outcome is CallOutcome.Timeout && state == RoomState.DETACHED) callLeave(done) else done()
        }
    }

    /** What was delivered already is not given a second time. */
    private fun afterTip(page: HistoryPage): HistoryPage {
        val delivered = tip?.takeIf { isSince } ?: return page
        return HistoryPage(page.messages.filter { it.position.epoch != delivered.epoch || it.position.offset > delivered.offset }, page.more)
    }

    /** Answers with the newest messages up to where one joined, where they are wanted: those of the server's answer, or else they are read. */
    private fun answer(waiter: JoinWaiter, joined: Joined, page: HistoryPage?, isAllDelivered: Boolean) {
        holders++
        val wanted = waiter.history
        if (wanted == null || isAllDelivered) return waiter.callback.onSuccess(joined)
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

    override val isReadable: Boolean get() = state == RoomState.JOINED

    override fun presence(): RoomEvent = RoomEvent.Presence(members.value)

    override fun readLog(after: Position, limit: Int, done: (CallOutcome<HistoryPage>) -> Unit) = membership.readLog(after, limit, done)
}
