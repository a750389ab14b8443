package dev.crossroom.session

import dev.crossroom.frames.FrameCodec
import dev.crossroom.frames.ServerFrame
import dev.crossroom.frames.StreamEvent
import kotlin.math.min

/** What an event of an answer is, to the session. */
internal sealed class Taken {
    object Nothing : Taken()

    data class Frame(val text: String) : Taken()

    object Ping : Taken()

    data class Close(val close: StreamEvent.Close) : Taken()

    /** The answer is not as the protocol says: it is none. */
    object Broken : Taken()
}

/** What has become of an answer that goes on. HELD_UP: something on the way keeps the stream to itself. */
internal enum class Overdue { NO, READ_AGAIN, HELD_UP }

/**
 * The reading half of a session over HTTP: frames are counted, and those that came before are skipped; a stream that is held up becomes polls
 * (PROTOCOL.md, 12.4, 12.5, 12.10, 12.13, 12.18). Times in milliseconds.
 */
internal class HttpReads(private val terms: HttpTerms, mayStream: Boolean, random: () -> Double) {
    private inner class Answer(val id: Int, val isStream: Boolean, var startedAt: Long) {
        var openedAt: Long? = null
        var heardAt = startedAt
        var pingedAt: Long? = null

        /** The number of the frame that comes next. */
        var next = 0L

        /** Whether it brought more than `open`. */
        var isFruitful = false

        fun shift(ms: Long) {
            startedAt += ms
            heardAt += ms
            openedAt = openedAt?.plus(ms)
            pingedAt = pingedAt?.plus(ms)
        }
    }

    /** Whether the next request is for a stream. */
    var isStreaming = mayStream
        private set

    /** Frames that came. */
    var received = 0L
        private set

    /** Bytes of frames that came since the server was last told how many there were. */
    var unacknowledged = 0L
        private set
    private val retry = HttpRetry(random)
    private var ids = 0
    private var current: Answer? = null

    /** Since when the server has the `ping` frame that only a stream that is not held up lets be answered; null where none is awaited. */
    private var probedAt: Long? = null
    private var isProbeAnswered = false

    /** Since when nothing is read, because nobody takes what came before. */
    private var heldAt: Long? = null

    /** The number of the request under way; null where there is none. */
    val currentId: Int? get() = current?.id
    val dueAt: Long get() = retry.dueAt

    /** The next request, if there is none under way and it is time for it. */
    fun start(now: Long): HttpEffect.Read? {
        if (current != null || now < retry.dueAt) return null
        val answer = Answer(++ids, isStreaming, now)
        current = answer
        acknowledged()
        return HttpEffect.Read(answer.id, answer.isStream, received)
    }

    /** Bytes came. */
    fun heard(now: Long) {
        current?.heardAt = now
    }

    /** An event of the current answer came. */
    fun take(event: StreamEvent, now: Long): Taken {
        val answer = current ?: return Taken.Nothing
        if (event is StreamEvent.Open) {
            // Frames that are not there would be missed; a second `open` would count them anew.
            if (answer.openedAt != null || event.next > received) return Taken.Broken
            answer.openedAt = now
            answer.next = event.next
            return Taken.Nothing
        }
        if (answer.openedAt == null) return Taken.Broken
        answer.isFruitful = true
        return when (event) {
            is StreamEvent.Frame -> count(answer, event.text)
            is StreamEvent.Ping -> {
                answer.pingedAt = now
                Taken.Ping
            }
            is StreamEvent.Close -> Taken.Close(event)
            else -> Taken.Nothing
        }
    }

    private fun count(answer: Answer, text: String): Taken {
        if (answer.next++ < received) return Taken.Nothing
        received++
        unacknowledged += text.length
        if (!isProbeAnswered && text.length < SHORT && FrameCodec.decode(text) is ServerFrame.Pong) {
            isProbeAnswered = true
            probedAt = null
        }
        return Taken.Frame(text)
    }

    /** The server is told with this how many frames came. */
    fun acknowledged() {
        unacknowledged = 0
    }

    /** The server has the `ping` frame. */
    fun probed(now: Long) {
        if (!isProbeAnswered && isStreaming) probedAt = now
    }

    /** Whether the current answer has begun as it should: it is one. */
    val hasBegun: Boolean get() = current?.openedAt != null

    /** The answer has ended, or is to be ended: the next one follows at once, unless this one was none, or brought nothing and was short. */
    fun end(now: Long) {
        val answer = current ?: return
        current = null
        val openedAt = answer.openedAt
        val isGood = openedAt != null && (answer.isFruitful || now - answer.startedAt >= SOON)
        if (isGood) retry.succeeded() else retry.failed(now)
    }

    /** The request was refused, and is made again, in `after` milliseconds at the earliest. */
    fun failed(now: Long, after: Long?) {
        current = null
        retry.failed(now, after)
    }

    /** The request under way is not wanted any more. */
    fun stop() {
        current = null
    }

    /** The stream is not wanted any more, nor any other in this session. */
    fun changeToPolls() {
        current = null
        isStreaming = false
        probedAt = null
        retry.succeeded()
    }

    fun hurry() = retry.hurry()

    /** Nobody takes what came: what is not read is no silence. */
    fun hold(now: Long) {
        heldAt = now
    }

    fun release(now: Long) {
        val held = now - (heldAt ?: return)
        heldAt = null
        current?.shift(held)
        probedAt = probedAt?.plus(held)
    }

    val isHeld: Boolean get() = heldAt != null

    /** When [overdue] is to be asked; null where nothing can be. */
    val deadline: Long?
        get() {
            val answer = current ?: return null
            return if (isHeld) null else min(endOf(answer), if (answer.isStream) patienceWith(answer) else Long.MAX_VALUE)
        }

    fun overdue(now: Long): Overdue {
        val answer = current ?: return Overdue.NO
        val due = deadline ?: return Overdue.NO
        return when {
            now < due -> Overdue.NO
            // The machine slept: that says nothing of the stream.
            now >= due + SLEPT -> Overdue.READ_AGAIN
            // A stream that flowed and is silent now is the network's doing.
            answer.pingedAt != null && now >= endOf(answer) -> Overdue.READ_AGAIN
            answer.isStream && now >= patienceWith(answer) -> Overdue.HELD_UP
            else -> Overdue.READ_AGAIN
        }
    }

    /** When an answer that brings nothing is taken for lost. */
    private fun endOf(answer: Answer): Long {
        val wait = if (answer.isStream) 0 else terms.pingInterval
        val from = if (answer.isStream) answer.heardAt else answer.startedAt
        return from + wait + terms.pingInterval + terms.pingTimeout
    }

    /** When a stream is taken for one that something holds up. */
    private fun patienceWith(answer: Answer): Long {
        val openedAt = answer.openedAt ?: return answer.startedAt + OPEN_WITHIN
        val pingedAt = answer.pingedAt
        val ping = if (pingedAt == null) openedAt + PING_WITHIN else pingedAt + terms.pingInterval + terms.pingTimeout
        return min(ping, probedAt?.plus(PONG_WITHIN) ?: Long.MAX_VALUE)
    }

    private companion object {
        /** From the GET to `open`. */
        const val OPEN_WITHIN = 3_000L

        /** From the answer to the POST with a `ping` frame to the `pong`. */
        const val PONG_WITHIN = 3_000L

        /** From `open` to the first `ping` event. */
        const val PING_WITHIN = 10_000L

        /** An answer that ends sooner without anything in it is not followed by the next at once: that would go on for ever. */
        const val SOON = 500L

        /** By how much a look at the clock must be late to show that the machine slept, and was not only busy. */
        const val SLEPT = 5_000L

        /** No `pong` is longer. */
        const val SHORT = 100
    }
}
