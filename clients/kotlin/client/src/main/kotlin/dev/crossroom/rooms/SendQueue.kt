package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.ownError

internal sealed class SendEffect {
    object Nothing : SendEffect()

    data class Call(val pendingCall: PendingCall) : SendEffect()

    data class Wait(val ms: Long) : SendEffect()
}

/**
 * What goes to the server one after the other: publishes to a room, sends to a user. Nothing overtakes, nothing is sent twice under
 * two ids. A state machine with no I/O: functions return what is to be done.
 *
 * @param messageBytes what the server takes as the data of one message, if it has said it.
 */
internal class SendQueue(private val now: () -> Long, private val random: () -> Double, private val messageBytes: () -> Long? = { null }) {
    private class Queued(val pendingCall: PendingCall) {
        /** When it was called first. */
        var calledAt: Long? = null

        /** How often in a row the connection was closed with 1009 under it, or lost without a word. */
        var closures = 0
        var cuts = 0

        /** Whether a try had no answer: it may have been carried out. */
        var isUnsure = false
    }

    private val queue = ArrayDeque<Queued>()

    /** The head of the queue, from its call to its outcome; or one that is not waited for any more. */
    private var underWay: Queued? = null
    private var failures = 0
    private var isPausing = false

    /** The server has said that it takes nothing before. */
    private var notBefore = Long.MIN_VALUE

    /** How many wait, for their call or for its outcome. */
    val size: Int get() = queue.size
    val isEmpty: Boolean get() = queue.isEmpty() && underWay == null

    /** Of the call that is under way, and not given up; 0 where there is none. */
    val bytesUnderWay: Long get() = if (underWay != null && underWay === queue.firstOrNull()) underWay!!.pendingCall.bytes else 0

    fun add(pendingCall: PendingCall) {
        queue.addLast(Queued(pendingCall))
    }

    /** What to do next; to be asked only when calls can be made. A call that is returned is under way from then on. */
    fun next(): SendEffect {
        if (underWay != null || isPausing) return SendEffect.Nothing
        val early = if (queue.isEmpty()) 0 else notBefore - now()
        if (early > 0 && notBefore != Long.MIN_VALUE) {
            isPausing = true
            return SendEffect.Wait(early)
        }
        while (true) {
            val head = queue.firstOrNull() ?: return SendEffect.Nothing
            val error = permanentFailure(head)
            if (error == null) {
                if (head.calledAt == null) head.calledAt = now()
                underWay = head
                return SendEffect.Call(head.pendingCall)
            }
            queue.removeFirst()
            head.pendingCall.reject(error)
        }
    }

    /** The call that is under way has this outcome. */
    fun done(outcome: CallOutcome<Value>): SendEffect {
        val called = underWay
        underWay = null
        if (called == null || called !== queue.firstOrNull()) return SendEffect.Nothing
        when (outcome) {
            is CallOutcome.Lost -> {
                called.isUnsure = true
                if (called.closures >= MAX_CLOSURES || called.closures + called.cuts >= MAX_CUTS) {
                    queue.removeFirst()
                    val message = "The connection was lost under this message again and again: something on the way does not take as much."
                    called.pendingCall.reject(ownError(ErrorCode.MESSAGE_TOO_LARGE, message))
                }
            }
            is CallOutcome.Timeout -> called.isUnsure = true
            is CallOutcome.Ok -> {
                failures = 0
                queue.removeFirst()
                called.pendingCall.resolve(outcome.result)
            }
            is CallOutcome.Refused -> {
                called.closures = 0
                called.cuts = 0
                return refused(called, outcome.error)
            }
        }
        return SendEffect.Nothing
    }

    /** The connection is being lost, and the call that is under way is the likely cause. `isClosed`: with 1009, and not without a word. */
    fun suspect(isClosed: Boolean) {
        val suspected = underWay ?: return
        if (isClosed) suspected.closures++ else suspected.cuts++
    }

    /** The pause is over, or a new connection makes it pointless. */
    fun resume() {
        isPausing = false
    }

    /** The pendingCall of this id is known to be done, if it was called at all. */
    fun confirm(id: String, answer: Value) {
        val seen = queue.find { it.pendingCall.id == id && it.calledAt != null } ?: return
        queue.remove(seen)
        seen.pendingCall.resolve(answer)
    }

    /** Whoever waited for it does not any more. If it is under way, the next ones still wait for its outcome. */
    fun drop(pendingCall: PendingCall) {
        queue.removeAll { it.pendingCall === pendingCall }
    }

    /** Rejects all; with `spareUnderWay`, but for the one that the server may be carrying out. */
    fun rejectAll(error: CrossroomException, spareUnderWay: Boolean) {
        val rejected = queue.filter { !spareUnderWay || it !== underWay }
        queue.removeAll(rejected)
        for (queued in rejected) queued.pendingCall.reject(error)
    }

    private fun refused(queued: Queued, error: CrossroomException): SendEffect {
        // A full inbox stays so until somebody reads it: its sender must know, and decide.
        if (error.retryable && error.code != ErrorCode.INBOX_FULL) {
            isPausing = true
            // Certainly not carried out: the time in which it can be called again begins anew.
            if (!queued.isUnsure) queued.calledAt = null
            error.retryAfterMillis?.let { notBefore = now() + it }
            return SendEffect.Wait(retryDelay(++failures, random(), error))
        }
        failures = 0
        queue.removeFirst()
        queued.pendingCall.reject(error)
        return SendEffect.Nothing
    }

    /** Why the call must not be made again. */
    private fun permanentFailure(queued: Queued): CrossroomException? {
        val most = messageBytes()
        if (most != null && queued.pendingCall.dataBytes > most) {
            return ownError(ErrorCode.MESSAGE_TOO_LARGE, "The data has more than the $most bytes of JSON that the server takes.")
        }
        val calledAt = queued.calledAt
        if (queued.pendingCall.id == null || calledAt == null) return null
        return if (now() - calledAt > REPEATABLE) ownError(ErrorCode.UNCONFIRMED) else null
    }

    private companion object {
        /**
         * Milliseconds after its first call in which an pendingCall may be made again. The server remembers its id for five minutes at least
         * (docs/rooms-api.md, 4.5), counted from the append, which cannot be earlier; the rest is for the way there.
         */
        const val REPEATABLE = 5 * 60_000L - 20_000L

        /** So many connections in a row that were closed with 1009 under one message, or lost at all, and it fails (docs/sdk.md, 4.2). */
        const val MAX_CLOSURES = 3
        const val MAX_CUTS = 5
    }
}
