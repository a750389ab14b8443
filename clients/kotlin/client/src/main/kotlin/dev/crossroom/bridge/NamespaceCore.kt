package dev.crossroom.bridge

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.frames.ClientFrame
import dev.crossroom.frames.Encoded
import dev.crossroom.frames.FrameCodec
import dev.crossroom.frames.ServerFrame
import dev.crossroom.ownError
import dev.crossroom.session.End
import dev.crossroom.session.Phase
import kotlin.math.min

/**
 * One namespace's life on a connection: asking for credentials, `connect` and its answer, events coming in, recovery, and the end. In the
 * loop alone, but for what says otherwise.
 */
internal class NamespaceCore(
    private val connection: Connection,
    val name: String,
    provider: suspend () -> Value.Object?,
    limits: BufferLimits,
    val callTimeout: Long,
    private val maxUntaken: Int,
) : Peer {
    /** ASKING is for credentials; CONNECTING is from the `connect` frame to its answer. */
    private enum class State { IDLE, ASKING, CONNECTING, CONNECTED }

    /** May be read from any thread. */
    @Volatile
    var sid: String? = null
        private set

    /** Whether the application wants it to be connected. */
    private var isWanted = false

    /** Left by the application, while what it emitted before is still on its way out. */
    private var isLeaving = false

    override val needsConnection: Boolean get() = isWanted || isLeaving

    override val unsentEvents: Int get() = sender.unsentEvents
    override val unsentCalls: Int get() = sender.unsentCalls

    /** What waits for the application. May be used from any thread. There is room for all messages that are read, whatever waits beside them. */
    val inflow =
        Mailbox<NamespaceEvent>(capacity(2L * maxUntaken + STATE_CHANGES)) {
            if (it is NamespaceEvent.Message) connection.backlog.leave()
        }

    private var listener: NamespaceListener? = null
    private var state = State.IDLE

    /** Left, and wanted again, while a `connect` was under way: its answer is to an old question. */
    private var restarts = false

    /** Whether it was connected since it is wanted. */
    private var wasConnected = false
    private var pid: String? = null
    private var offset: String? = null

    /** Counts the sessions: an answer belongs to the session of its event. */
    private var session = 0
    private var over: CrossroomException? = null
    private val waiters = ArrayList<Callback<String>>()
    private val sender = EventSender(name, limits, outlet())
    private val credentials =
        Credentials(connection.environment, connection.backoff, provider, ::sendConnect, connection::warn, ::gaveUp)

    init {
        connection.register(name, this)
    }

    fun connect(callback: Callback<String>): Cancellable {
        over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        sid?.takeIf { !isLeaving }?.let {
            callback.onSuccess(it)
            return Cancellable {}
        }
        waiters.add(callback)
        // Left, and wanted again: as soon as it has been left.
        if (!isLeaving) want()
        return Cancellable {
            if (waiters.remove(callback) && waiters.isEmpty() && !wasConnected) disconnect()
        }
    }

    fun emit(event: String, args: List<Value>, callback: Callback<Unit>) {
        val refusal = over ?: sender.emit(event, args)
        if (refusal == null) callback.onSuccess(Unit) else callback.onFailure(refusal)
    }

    fun call(event: String, args: List<Value>, timeout: Long, callback: Callback<List<Value>>): Cancellable {
        over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        return sender.call(event, args, timeout, callback)
    }

    fun disconnect() {
        if (isLeaving) return failWaiters(ownError(ErrorCode.DISCONNECTED, "The namespace was left."))
        val wasConnected = state == State.CONNECTED
        if (wasConnected && sender.isBehind) return leaveBehind()
        if (wasConnected) connection.send(ClientFrame.Disconnect(name))
        isWanted = false
        credentials.withdraw()
        // Not while connecting: the answer is still to come, and the server must then be told.
        if (state != State.CONNECTING) state = State.IDLE
        if (wasConnected) ended(End(null, "disconnected by the client", final = true))
        failWaiters(ownError(ErrorCode.DISCONNECTED, "The namespace was left."))
        connection.release()
    }

    /** Leaves as soon as what was emitted before has left (docs/sdk.md, 2.12). */
    private fun leaveBehind() {
        isLeaving = true
        val frame = FrameCodec.encode(ClientFrame.Disconnect(name)) as Encoded.Text
        failWaiters(ownError(ErrorCode.DISCONNECTED, "The namespace was left."))
        isWanted = false
        sender.leave(frame.text) {
            ended(End(null, "disconnected by the client", final = true))
            if (waiters.isNotEmpty()) want() else connection.release()
        }
    }

    fun listen(next: NamespaceListener) {
        listener = next
    }

    /** The bridge was closed. */
    fun close(error: CrossroomException) {
        if (over != null) return
        over = error
        isWanted = false
        credentials.withdraw()
        failWaiters(error)
        sender.close(error)
    }

    /** Nothing will happen any more. */
    fun finish() = inflow.end(null)

    override fun opened() {
        if (isWanted) ask()
    }

    override fun frame(frame: ServerFrame) {
        when (frame) {
            is ServerFrame.Connected -> if (state == State.CONNECTING) accepted(frame)
            is ServerFrame.ConnectError -> if (state == State.CONNECTING) refused(frame)
            is ServerFrame.Ack -> sender.answered(frame.id, frame.args)
            is ServerFrame.Error ->
                if (frame.id != null) sender.refused(frame.id, CrossroomException(ErrorCode(frame.code), frame.message))
            is ServerFrame.Disconnect ->
                if (state == State.CONNECTED) {
                    isWanted = false
                    ended(End(null, frame.reason ?: "the server ended the namespace", final = true))
                    connection.release()
                }
            else -> Unit
        }
    }

    override fun event(frame: ServerFrame.Event): Boolean {
        if (state != State.CONNECTED) return false
        // Before it is told, and in the same task: nothing can come between.
        if (frame.offset != null) offset = frame.offset
        val message = NamespaceEvent.Message(frame.event, frame.args, frame.id != null, answerer(frame.id))
        val listener = this.listener
        if (listener == null) return put(message)
        listener.onEvent(message)
        return false
    }

    override fun hurry() = credentials.hurry()

    override fun failed(error: CrossroomException, final: Boolean) {
        if (final && isWanted) giveUp(error)
    }

    override fun lost(end: End) {
        credentials.withdraw()
        val wasConnected = state == State.CONNECTED
        state = State.IDLE
        restarts = false
        if (wasConnected) {
            if (end.final) isWanted = false
            val wasLeaving = isLeaving
            ended(if (wasLeaving) end.copy(final = true) else end)
            if (wasLeaving) {
                // Wanted again meanwhile, or by nobody: what has not left by now waits for the next connection.
                isWanted = waiters.isNotEmpty()
                if (!isWanted) return connection.release()
            }
        }
        if (!end.final || !isWanted) return
        val code = end.code
        val message = if (code == null) "The connection ended: ${end.reason}." else "The server closed the connection with code $code."
        val kind = if (code == null && end.status == null) ErrorCode.DISCONNECTED else ErrorCode.REFUSED
        giveUp(ownError(kind, message, httpStatus = end.status, closeCode = code))
    }

    private fun want() {
        val wasWanted = isWanted
        isWanted = true
        if (!wasWanted) wasConnected = false
        connection.open()
        if (connection.phase != Phase.OPEN) return
        if (state == State.IDLE) {
            ask()
        } else if (state == State.CONNECTING && !wasWanted) {
            restarts = true
        }
    }

    private fun ask() {
        state = State.ASKING
        credentials.ask()
    }

    private fun sendConnect(auth: Value.Object?) {
        if (state != State.ASKING) return
        state = State.CONNECTING
        val frame = ClientFrame.Connect(name, auth, pid, if (pid == null) null else offset)
        val refusal =
            when (val encoded = FrameCodec.encode(frame)) {
                is Encoded.Refused -> ownError(ErrorCode.INVALID_ARGUMENT, encoded.message)
                is Encoded.Text -> connection.sendAtOnce(encoded.text)
            }
        // Credentials that no frame can carry, or too large a one: they will not change by themselves.
        if (refusal != null) gaveUp(refusal)
    }

    private fun accepted(frame: ServerFrame.Connected) {
        if (!isWanted || restarts) {
            connection.send(ClientFrame.Disconnect(name))
            state = State.IDLE
            restarts = false
            if (isWanted) ask()
            return
        }
        state = State.CONNECTED
        wasConnected = true
        session++
        sid = frame.sid
        pid = frame.pid
        // The offset of a former session would have events repeated that this one never missed.
        if (!frame.recovered) offset = null
        // First what has waited: what those who are told now emit comes after it.
        sender.flush()
        if (state != State.CONNECTED) return
        emitEvent(NamespaceEvent.Connected(frame.sid, frame.recovered))
        for (waiter in takeWaiters()) waiter.onSuccess(frame.sid)
    }

    private fun refused(frame: ServerFrame.ConnectError) {
        state = State.IDLE
        if (isWanted && restarts) {
            restarts = false
            return ask()
        }
        if (isWanted) gaveUp(CrossroomException(ErrorCode.CONNECT_ERROR, frame.message, data = frame.data))
    }

    /** The function that answers an event of the server's: once, and only in the session that the event came in. */
    private fun answerer(id: Long?): suspend (List<Value>) -> Unit {
        if (id == null) return {}
        val session = this.session
        var isAnswered = false
        return { args ->
            connection.environment.loop.await<Unit> { callback ->
                val isOpen = !isAnswered && session == this.session && state == State.CONNECTED
                val refusal = if (isOpen) transmitAnswer(id, args) else null
                if (refusal == null) {
                    isAnswered = true
                    callback.onSuccess(Unit)
                } else {
                    callback.onFailure(refusal)
                }
                Cancellable {}
            }
        }
    }

    private fun transmitAnswer(id: Long, args: List<Value>): CrossroomException? =
        when (val encoded = FrameCodec.encode(ClientFrame.Ack(name, id, args))) {
            is Encoded.Refused -> ownError(ErrorCode.INVALID_ARGUMENT, encoded.message)
            is Encoded.Text -> connection.transmit(encoded.text)
        }

    private fun gaveUp(error: CrossroomException) {
        if (isWanted) giveUp(error)
        connection.release()
    }

    /** It is not wanted any more, and not by the application's choice. */
    private fun giveUp(error: CrossroomException) {
        isWanted = false
        state = State.IDLE
        restarts = false
        credentials.withdraw()
        val waiting = takeWaiters()
        for (waiter in waiting) waiter.onFailure(error)
        if (waiting.isEmpty()) emitEvent(NamespaceEvent.Refused(error))
    }

    private fun ended(end: End) {
        state = State.IDLE
        isLeaving = false
        sid = null
        // Told first: who makes a call again as soon as it has failed must know that there is no connection.
        emitEvent(NamespaceEvent.Disconnected(end.final, end.code, end.reason, end.isCut))
        sender.disconnected()
    }

    private fun emitEvent(event: NamespaceEvent) {
        val listener = this.listener
        if (listener != null) return listener.onEvent(event)
        // Where nobody collects for ages, changes of state are not kept without bound, nor in the place of messages: `sid` says how it is.
        if (inflow.size < capacity(maxUntaken.toLong() + STATE_CHANGES)) put(event) else warnOfLoss()
    }

    private fun put(event: NamespaceEvent): Boolean {
        val isIn = inflow.offer(event)
        if (!isIn && over == null) warnOfLoss()
        return isIn
    }

    private fun warnOfLoss() =
        connection.warn(ownError(ErrorCode.TOO_SLOW, "Nobody collects the events of $name: what happened now is not among them."))

    private fun failWaiters(error: CrossroomException) {
        for (waiter in takeWaiters()) waiter.onFailure(error)
    }

    private fun takeWaiters(): List<Callback<String>> = ArrayList(waiters).also { waiters.clear() }

    private fun outlet() =
        object : Outlet {
            override fun isReady(): Boolean = state == State.CONNECTED && connection.isUsable()

            override fun objection(text: String): CrossroomException? = connection.objection(text)

            override fun transmit(text: String): CrossroomException? = connection.transmit(text)

            override fun delay(): Long = connection.delay()

            override fun refused(error: CrossroomException) = connection.warn(error)

            override fun after(ms: Long, task: () -> Unit): Cancellable = connection.environment.after(ms, task)
        }

    private companion object {
        /** Changes of state that may wait beside messages. */
        const val STATE_CHANGES = 100

        fun capacity(most: Long): Int = min(most, Int.MAX_VALUE.toLong()).toInt()
    }
}
