package dev.crossroom.session

import dev.crossroom.frames.Rate
import dev.crossroom.frames.StreamEvent
import kotlin.math.max
import kotlin.math.min

/**
 * A session over HTTP (PROTOCOL.md, 12), once it is opened: what is read and sent, again where there was no answer, until it is closed, left or given up. A
 * state machine with no I/O: each function takes what happened and returns what is to be done. Clock and randomness are passed in; times
 * are in milliseconds. Whoever runs it calls [tick] at [deadline], or sooner.
 *
 * Order of calls: [begin] first; of requests the numbers of [HttpEffect] are told back. What comes of a request that was stopped may be told, and is
 * ignored. After [HttpEffect.End], [stop], or when [isOver], nothing is returned any more.
 */
internal class HttpSession(terms: HttpTerms, mayStream: Boolean, private val mayPoll: Boolean, random: () -> Double) {
    /** CLOSING: the server has said that it is closed, and what is left is read. LEAVING: what was sent leaves before. */
    private enum class State { OPEN, CLOSING, LEAVING, OVER }

    private val reads = HttpReads(terms, mayStream, random)
    private val posts = HttpPosts(terms, random)
    private val silence = HttpSilence(terms.resumeTimeout)
    private var state = State.OPEN

    /** Requests are messages too, and polls may be many (PROTOCOL.md, 9 and 12.7). */
    private val limiter = RateLimiter()

    /** Until when the next poll waits for its turn at most; null where none does. */
    private var pausedUntil: Long? = null
    private var pollAt = Long.MIN_VALUE

    /** The close that a POST was answered with, and until when the stream may tell more. */
    private var close: StreamEvent.Close? = null
    private var closeBy = 0L

    /** The number of the line that asks for a `pong`. */
    private var probe: Long? = null

    /** Whether a stream has become polls, which is remembered as soon as one has brought something. */
    private var hasChanged = false

    val isOver: Boolean get() = state == State.OVER
    val isStreaming: Boolean get() = reads.isStreaming

    /** Bytes that the server has not said to have. */
    val queuedBytes: Long get() = posts.queuedBytes

    /** When [tick] is to be called; null where nothing is due. */
    val deadline: Long?
        get() {
            if (isOver) return null
            val times = arrayListOf(if (state == State.CLOSING) closeBy else posts.deadline)
            if (state != State.LEAVING) {
                times.add(if (reads.currentId != null) reads.deadline else max(reads.dueAt, pollAt))
                if (!reads.isHeld) times.add(silence.deadline)
            }
            return times.filterNotNull().minOrNull()
        }

    fun begin(now: Long): List<HttpEffect> {
        limiter.begin(now)
        return next(now)
    }

    /** What the server of this session takes. */
    fun pace(rate: Rate, now: Long) = limiter.set(rate, now)

    /** Sends a line, with the next POST. */
    fun send(line: String, now: Long): List<HttpEffect> {
        if (state != State.OPEN) return emptyList()
        posts.add(line)
        if (probe == null && reads.isStreaming && !posts.isUnderWay) {
            probe = posts.next
            posts.add(PING)
        }
        return next(now)
    }

    /** The session is not wanted any more: it is left when what was sent has come. */
    fun leave(now: Long): List<HttpEffect> {
        if (state == State.CLOSING) return stop()
        if (state != State.OPEN) return emptyList()
        state = State.LEAVING
        posts.forgetWish()
        return stopReading(reads::stop) + next(now)
    }

    /** It is not wanted any more, not even to say goodbye. */
    fun stop(): List<HttpEffect> {
        if (isOver) return emptyList()
        state = State.OVER
        return stopReading(reads::stop) + listOfNotNull(posts.stop()?.let { HttpEffect.StopPost(it) })
    }

    /** Bytes of the answer came. */
    fun heard(read: Int, now: Long) {
        if (!isReading(read)) return
        reads.heard(now)
        // Before `open` it may be anything.
        if (reads.hasBegun) silence.end()
    }

    /** An event of the answer came. */
    fun event(read: Int, event: StreamEvent, now: Long): List<HttpEffect> {
        if (!isReading(read)) return emptyList()
        val told =
            when (val taken = reads.take(event, now)) {
                is Taken.Frame -> listOf(HttpEffect.Deliver(taken.text))
                is Taken.Close -> return over(taken.close)
                is Taken.Broken -> {
                    silence.begin(now)
                    stopReading { reads.failed(now, null) }
                }
                is Taken.Ping -> emptyList<HttpEffect>().also { posts.want() }
                is Taken.Nothing -> if (event is StreamEvent.Open) opened() else emptyList()
            }
        if (reads.unacknowledged >= ACK_AFTER) posts.want()
        return told + next(now)
    }

    /** The answer has ended, or there was none. */
    fun readEnded(read: Int, now: Long): List<HttpEffect> {
        if (!isReading(read)) return emptyList()
        // A stream is there to go on; a poll has done what it was asked for.
        if (reads.isStreaming || !reads.hasBegun) silence.begin(now)
        reads.end(now)
        return next(now)
    }

    /** The answer is not one that can be read. */
    fun readRefused(read: Int, answer: HttpAnswer, now: Long): List<HttpEffect> {
        if (!isReading(read)) return emptyList()
        reads.stop()
        val refusal = answer.refusal()
        return refused(refusal, now) { reads.failed(now, (refusal as? HttpRefusal.Again)?.after) }
    }

    /** The POST was answered; null: it was not. */
    fun posted(post: Int, answer: HttpAnswer?, now: Long): List<HttpEffect> {
        if (isOver || !posts.ended(post)) return emptyList()
        val received = answer?.received
        if (received != null && posts.received(received)) {
            silence.end()
            if (probe?.let { it < posts.delivered } == true) {
                probe = DONE
                reads.probed(now)
            }
            return next(now)
        }
        val refusal = answer?.refusal() ?: HttpRefusal.Again(null)
        if (state == State.LEAVING && refusal !is HttpRefusal.Again && refusal !is HttpRefusal.SendFrom) return stop()
        if (refusal is HttpRefusal.Closed) return closing(refusal.close, now)
        return refused(refusal, now) {
            if (refusal is HttpRefusal.SendFrom) posts.received(refusal.line)
            posts.failed(now, (refusal as? HttpRefusal.Again)?.after)
        }
    }

    /** The network is another one: what is under way may never be answered. */
    fun networkChanged(now: Long): List<HttpEffect> {
        if (isOver) return emptyList()
        val stopped = stopReading(reads::stop)
        val post = posts.stop()
        if (post != null) posts.failed(now)
        reads.hurry()
        posts.hurry()
        return stopped + listOfNotNull(post?.let { HttpEffect.StopPost(it) }) + next(now)
    }

    /** Nobody takes the frames for now, and nothing is read. */
    fun hold(now: Long) = reads.hold(now)

    fun release(now: Long) {
        reads.release(now)
        silence.end()
    }

    /** Time has passed. */
    fun tick(now: Long): List<HttpEffect> {
        if (isOver) return emptyList()
        close?.let { if (now >= closeBy) return over(it) }
        val patience = silence.deadline
        if (state != State.LEAVING && !reads.isHeld && patience != null && now >= patience) {
            return over(HttpEffect.End(null, "no request was answered for as long as the server keeps a session"))
        }
        val effects = ArrayList<HttpEffect>()
        posts.late(now)?.let {
            effects.add(HttpEffect.StopPost(it))
            posts.stop()
            posts.failed(now)
            silence.begin(now)
        }
        when (reads.overdue(now)) {
            Overdue.NO -> Unit
            Overdue.READ_AGAIN -> {
                silence.begin(now)
                effects.addAll(stopReading { reads.end(now) })
            }
            Overdue.HELD_UP -> {
                if (!mayPoll) return over(HttpEffect.End(null, "something on the way holds the stream up"))
                effects.addAll(stopReading(reads::changeToPolls))
                hasChanged = true
                effects.add(HttpEffect.ChangedToPolls)
            }
        }
        return effects + next(now)
    }

    private fun isReading(read: Int): Boolean = (state == State.OPEN || state == State.CLOSING) && reads.currentId == read

    private fun opened(): List<HttpEffect> {
        silence.end()
        if (!hasChanged) return emptyList()
        hasChanged = false
        return listOf(HttpEffect.PollsWork)
    }

    /** What is due now. */
    private fun next(now: Long): List<HttpEffect> {
        val effects = ArrayList<HttpEffect>()
        if ((state == State.OPEN || state == State.CLOSING) && mayRead(now)) {
            reads.start(now)?.let {
                limiter.count(now)
                effects.add(it)
            }
        }
        // Whoever leaves has nothing to say but what was sent.
        if (state == State.LEAVING) posts.forgetWish()
        if (state == State.OPEN || state == State.LEAVING) {
            posts.start(reads.received, now)?.let {
                reads.acknowledged()
                repeat(max(1, it.lines.size)) { limiter.count(now) }
                effects.add(it)
            }
        }
        if (state == State.LEAVING && posts.isIdle) {
            state = State.OVER
            effects.add(HttpEffect.Delete)
        }
        return effects
    }

    /** Polls come no faster than the server takes messages; but however much is sent, there are some. */
    private fun mayRead(now: Long): Boolean {
        if (reads.isStreaming || reads.currentId != null || now < reads.dueAt) return true
        val delay = limiter.delay(now)
        val until = pausedUntil ?: (now + MAX_PAUSE)
        val isDue = delay == 0L || now >= until
        pausedUntil = if (isDue) null else until
        pollAt = if (isDue) Long.MIN_VALUE else min(now + delay, until)
        return isDue
    }

    /** What a refused request leads to. */
    private fun refused(refusal: HttpRefusal, now: Long, again: () -> Unit): List<HttpEffect> =
        when (refusal) {
            is HttpRefusal.Again, is HttpRefusal.SendFrom -> {
                silence.begin(now)
                again()
                next(now)
            }
            is HttpRefusal.Closed -> over(refusal.close)
            is HttpRefusal.Unknown -> over(HttpEffect.End(null, "the server knows the session no more"))
            is HttpRefusal.CannotResume ->
                listOf(HttpEffect.Delete) + over(HttpEffect.End(null, "the server has not kept what was missed on the way"))
            is HttpRefusal.GivenUp -> over(HttpEffect.End(null, "a request was answered with HTTP ${refusal.status}", refusal.status))
        }

    /** The server says that the session is closed: the frames before that, and what it was closed with, may still be read. */
    private fun closing(close: StreamEvent.Close, now: Long): List<HttpEffect> {
        state = State.CLOSING
        this.close = close
        closeBy = now + CLOSE_WITHIN
        return next(now)
    }

    private fun over(close: StreamEvent.Close): List<HttpEffect> = over(HttpEffect.End(close.code, close.reason))

    private fun over(end: HttpEffect.End): List<HttpEffect> = stop() + end

    /** Ends the answer that is read, if there is one. */
    private fun stopReading(end: () -> Unit): List<HttpEffect> {
        val id = reads.currentId ?: return emptyList()
        end()
        return listOf(HttpEffect.StopRead(id))
    }

    private companion object {
        /** Bytes after which the server is told what was received, where nothing was sent (PROTOCOL.md, 12.14). */
        const val ACK_AFTER = 256L * 1024

        /** How long the stream may take to tell more than the answer to a POST has. */
        const val CLOSE_WITHIN = 1_000L

        /** What a poll waits at most for its turn among messages, in milliseconds. */
        const val MAX_PAUSE = 500L

        const val PING = "{\"type\":\"ping\"}"

        /** Of [probe]: no line's number. */
        const val DONE = Long.MAX_VALUE
    }
}
