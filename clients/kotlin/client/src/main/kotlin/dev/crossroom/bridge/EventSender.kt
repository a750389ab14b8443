package dev.crossroom.bridge

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.callback
import dev.crossroom.frames.ClientFrame
import dev.crossroom.frames.Encoded
import dev.crossroom.frames.FrameCodec
import dev.crossroom.frames.RESERVED_EVENTS
import dev.crossroom.frames.utf8Size
import dev.crossroom.ownError

/** Where a namespace's events go to. */
internal interface Outlet {
    /** Whether the namespace takes events now. */
    fun isReady(): Boolean

    /** Why such a frame could never be sent; null where it could. */
    fun objection(text: String): CrossroomException?

    /** Sends; or why not. */
    fun transmit(text: String): CrossroomException?

    /** Milliseconds before the next event may leave. */
    fun delay(): Long

    /** An event that had waited was refused, and nobody waits for its ack. */
    fun refused(error: CrossroomException)

    fun after(ms: Long, task: () -> Unit): Cancellable
}

/** What may wait for the connection: events, and their bytes. */
internal data class BufferLimits(val events: Int, val bytes: Long)

/** The sending half of a namespace: what waits for the connection, and what waits for an ack. Order is kept. */
internal class EventSender(private val ns: String, private val limits: BufferLimits, private val outlet: Outlet) {
    /** `left`: of the frame that ends the session; called when it has been sent. */
    private class Waiting(val id: Long?, val text: String, val left: (() -> Unit)? = null)

    private class Pending(val callback: Callback<List<Value>>, var timer: Cancellable)

    private val buffer = ArrayDeque<Waiting>()
    private var bufferedBytes = 0L
    private val pending = LinkedHashMap<Long, Pending>()
    private var nextId = 0L

    /** Runs while the network is too slow for what waits. */
    private var pause = Cancellable {}
    private var isPausing = false

    /** Events that wait, but for calls. */
    val unsentEvents: Int get() = buffer.count { it.id == null && it.left == null }

    /** Calls without an outcome. */
    val unsentCalls: Int get() = pending.size

    /** Whether something waits, though it is connected. */
    val isBehind: Boolean get() = buffer.isNotEmpty()

    /** Sends the frame that ends the session behind all that was emitted before it; then `left` is called. What is emitted later waits behind it. */
    fun leave(text: String, left: () -> Unit) {
        buffer.addLast(Waiting(null, text, left))
        bufferedBytes += weightOf(text)
        if (!isPausing) flush()
    }

    /** Sends an event now, or when the namespace is connected. Why it was not taken, or null. */
    fun emit(name: String, args: List<Value>): CrossroomException? = take(name, args, null)

    /** @param timeout in milliseconds. The callback is called once, unless the call is cancelled before. */
    fun call(name: String, args: List<Value>, timeout: Long, callback: Callback<List<Value>>): Cancellable {
        val id = nextId++
        // Before it is sent: the outcome may come at once.
        val entry = Pending(callback, Cancellable {})
        pending[id] = entry
        val refusal = take(name, args, id)
        if (refusal != null) {
            pending.remove(id)
            callback.onFailure(refusal)
            return Cancellable {}
        }
        if (id in pending) {
            entry.timer =
                outlet.after(timeout) {
                    unbuffer(id)
                    pending.remove(id)?.callback?.onFailure(ownError(ErrorCode.TIMEOUT))
                }
        }
        return Cancellable {
            unbuffer(id)
            pending.remove(id)?.timer?.cancel()
        }
    }

    /** The namespace is connected: what has waited leaves, as fast as the network takes it. */
    fun flush() {
        resume()
        while (outlet.isReady()) {
            val next = buffer.firstOrNull() ?: return
            val delay = outlet.delay()
            if (delay > 0) return pause(delay)
            val refusal = outlet.transmit(next.text)
            // It was taken when it was emitted: it is not given up, and nothing overtakes it.
            if (refusal?.code == ErrorCode.BUFFER_FULL) return pause(PAUSE)
            buffer.removeFirst()
            bufferedBytes -= weightOf(next.text)
            if (next.left != null) return next.left.invoke()
            if (refusal == null) continue
            if (next.id == null) outlet.refused(refusal) else refused(next.id, refusal)
        }
    }

    /** An ack came. */
    fun answered(id: Long, args: List<Value>) {
        val entry = pending.remove(id) ?: return
        entry.timer.cancel()
        entry.callback.onSuccess(args)
    }

    /** The event that had this ack id was refused. */
    fun refused(id: Long, error: CrossroomException) {
        val entry = pending.remove(id) ?: return
        entry.timer.cancel()
        entry.callback.onFailure(error)
    }

    /** The connection is gone, and with it the acks of all that has left; what has not left still may. */
    fun disconnected() {
        resume()
        buffer.removeAll { it.left != null }
        bufferedBytes = buffer.sumOf { weightOf(it.text) }
        val waiting = buffer.mapNotNullTo(HashSet()) { it.id }
        for (id in pending.keys.filter { it !in waiting }) refused(id, ownError(ErrorCode.DISCONNECTED))
    }

    /** Nothing is sent any more. */
    fun close(error: CrossroomException) {
        resume()
        buffer.clear()
        bufferedBytes = 0
        for (id in pending.keys.toList()) refused(id, error)
    }

    private fun take(name: String, args: List<Value>, id: Long?): CrossroomException? {
        if (name in RESERVED_EVENTS) return ownError(ErrorCode.RESERVED_EVENT, "Socket.IO keeps the name $name for itself.")
        val encoded = FrameCodec.encode(ClientFrame.Event(ns, name, args, id))
        val text =
            when (encoded) {
                is Encoded.Refused -> return ownError(ErrorCode.INVALID_ARGUMENT, encoded.message)
                is Encoded.Text -> encoded.text
            }
        if (buffer.isEmpty() && outlet.isReady() && outlet.delay() == 0L) return outlet.transmit(text)
        outlet.objection(text)?.let { return it }
        val weight = weightOf(text)
        if (buffer.size >= limits.events || bufferedBytes + weight > limits.bytes) return ownError(ErrorCode.BUFFER_FULL)
        buffer.addLast(Waiting(id, text))
        bufferedBytes += weight
        // Where there is a connection, it only had to stand behind others.
        if (!isPausing) flush()
        return null
    }

    private fun pause(ms: Long) {
        isPausing = true
        pause = outlet.after(ms, ::flush)
    }

    private fun resume() {
        isPausing = false
        pause.cancel()
    }

    private fun unbuffer(id: Long) {
        val waiting = buffer.find { it.id == id } ?: return
        buffer.remove(waiting)
        bufferedBytes -= weightOf(waiting.text)
    }

    private fun weightOf(text: String): Long = utf8Size(text)

    private companion object {
        /** Milliseconds before a network that was too slow is given more. */
        const val PAUSE = 50L
    }
}
