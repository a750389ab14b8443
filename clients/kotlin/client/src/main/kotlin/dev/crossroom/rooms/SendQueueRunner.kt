package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.bridge.Environment
import dev.crossroom.frames.FrameCodec
import dev.crossroom.frames.utf8Size
import dev.crossroom.ownError

/**
 * The shell around a queue: makes its calls, owns its timer, and bounds how much waits.
 *
 * @param isReady whether this queue's calls would be taken now.
 */
internal class SendQueueRunner(
    private val caller: Caller,
    private val environment: Environment,
    private val pending: PendingCount,
    private val isReady: () -> Boolean,
) {
    private val queue = SendQueue(environment::now, environment::random) { caller.messageBytes }
    private var timer = Cancellable {}

    /** A call may be refused at once, and so may the one behind it: they are made in a loop, and not one inside of the other. */
    private var isFlushing = false
    private var isDue = false

    val isEmpty: Boolean get() = queue.isEmpty

    /** How many wait, for their call or for its outcome. */
    val size: Int get() = queue.size

    val bytesUnderWay: Long get() = queue.bytesUnderWay

    /** See [SendQueue.suspect]. */
    fun suspect(isClosed: Boolean) = queue.suspect(isClosed)

    /**
     * Makes a call until it is answered for good.
     *
     * @param id of a publish or a send, whose field `data` is its message's. Without, the call only reads.
     * @param over called once, when the call waits no more, whatever its outcome.
     */
    fun <T> submit(
        name: String,
        argument: Value.Object,
        id: String?,
        read: (Value) -> T,
        callback: Callback<T>,
        over: () -> Unit = {},
    ): Cancellable {
        val refusal = if (pending.isFull) ownError(ErrorCode.TOO_MANY_PENDING) else objection(argument)
        if (refusal != null) {
            callback.onFailure(refusal)
            over()
            return Cancellable {}
        }
        pending.add()
        val pendingCall = Submitted(name, argument, id, read, callback, over)
        queue.add(pendingCall)
        flush()
        return Cancellable {
            if (!pendingCall.isOver) {
                queue.drop(pendingCall)
                pendingCall.end()
                flush()
            }
        }
    }

    /** A new connection: what had to wait for the old one's sake need not wait any longer. */
    fun renew() {
        timer.cancel()
        queue.resume()
        flush()
    }

    /** Makes the next call, if it is time. */
    fun flush() {
        isDue = true
        if (isFlushing) return
        isFlushing = true
        try {
            while (isDue) {
                isDue = false
                makeNext()
            }
        } finally {
            isFlushing = false
        }
    }

    private fun makeNext() {
        if (!caller.isUp || !isReady()) return
        when (val effect = queue.next()) {
            is SendEffect.Nothing -> Unit
            is SendEffect.Wait -> pause(effect.ms)
            is SendEffect.Call -> make(effect)
        }
    }

    /** What no frame can carry fails at once, and not when it is its turn. */
    private fun objection(argument: Value.Object): CrossroomException? =
        FrameCodec.objection(listOf(Value.Array(listOf(argument))))?.let { ownError(ErrorCode.INVALID_ARGUMENT, it) }

    private fun make(effect: SendEffect.Call) {
        caller.call(effect.pendingCall.name, effect.pendingCall.argument) { outcome ->
            val after = queue.done(outcome)
            if (after is SendEffect.Wait) pause(after.ms) else flush()
        }
    }

    /** The server has carried out the pendingCall of this id: its ack is not waited for. */
    fun confirm(id: String, answer: Value) = queue.confirm(id, answer)

    fun rejectAll(error: CrossroomException, spareUnderWay: Boolean = false) {
        timer.cancel()
        queue.resume()
        queue.rejectAll(error, spareUnderWay)
    }

    private fun pause(ms: Long) {
        timer.cancel()
        timer =
            environment.after(ms) {
                queue.resume()
                flush()
            }
    }

    private inner class Submitted<T>(
        override val name: String,
        override val argument: Value.Object,
        override val id: String?,
        private val read: (Value) -> T,
        private val callback: Callback<T>,
        private val over: () -> Unit,
    ) : PendingCall {
        var isOver = false
            private set

        override val bytes by lazy { utf8Size(argument.toString()) }

        override val dataBytes: Long by lazy { if (id == null) 0 else argument["data"]?.let(::dataSize) ?: 0 }

        override fun resolve(answer: Value) {
            end()
            when (val outcome = CallOutcome.Ok(answer).read(read)) {
                is CallOutcome.Ok -> callback.onSuccess(outcome.result)
                is CallOutcome.Refused -> callback.onFailure(outcome.error)
                else -> Unit // reading makes nothing else
            }
        }

        override fun reject(error: CrossroomException) {
            end()
            callback.onFailure(error)
        }

        fun end() {
            isOver = true
            pending.remove()
            over()
        }
    }
}
