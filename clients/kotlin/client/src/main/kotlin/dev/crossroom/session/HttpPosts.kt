package dev.crossroom.session

import dev.crossroom.frames.utf8Size

/**
 * The sending half of a session over HTTP: lines are numbered, and kept until the server says that they came; one POST is under way at a time (PROTOCOL.md,
 * 12.6 and 12.7). What is sent meanwhile goes with the next.
 */
internal class HttpPosts(private val terms: HttpTerms, random: () -> Double) {
    private class Line(val text: String, val size: Long)

    private val lines = ArrayDeque<Line>()

    /** The number of the first of them. */
    private var first = 0L
    private val retry = HttpRetry(random)
    private var ids = 0
    private var current: Int? = null
    private var startedAt = 0L

    /** How many lines the last POST had. */
    private var sent = 0

    /** A POST is wanted, though there may be no line for it. */
    private var isWanted = false

    /** Bytes that the server has not said to have. */
    var queuedBytes = 0L
        private set

    /** How many lines the server has: they count from the session's beginning. */
    val delivered: Long get() = first

    /** The number that the next line will have. */
    val next: Long get() = first + lines.size

    /** Whether everything has been sent and answered. */
    val isIdle: Boolean get() = current == null && lines.isEmpty()

    val isUnderWay: Boolean get() = current != null

    /** When a POST without an answer is taken for lost, or when the next one may be made; null where none is to be. */
    val deadline: Long?
        get() =
            when {
                current != null -> startedAt + terms.pingInterval + terms.pingTimeout
                lines.isNotEmpty() || isWanted -> retry.dueAt
                else -> null
            }

    fun add(text: String) {
        val line = Line(text, utf8Size(text))
        lines.addLast(line)
        queuedBytes += line.size
    }

    /** Has a POST made, to say that the client is alive and what it has received. */
    fun want() {
        isWanted = true
    }

    fun forgetWish() {
        isWanted = false
    }

    /** The next POST, if there is something to send and it is time for it. */
    fun start(ack: Long, now: Long): HttpEffect.Post? {
        if (current != null || (lines.isEmpty() && !isWanted) || now < retry.dueAt) return null
        isWanted = false
        startedAt = now
        val id = ++ids
        current = id
        val taken = take()
        sent = taken.size
        return HttpEffect.Post(id, first, taken, ack)
    }

    /** Whether this is the answer to the POST under way. */
    fun ended(id: Int): Boolean {
        if (id != current) return false
        current = null
        return true
    }

    /** So many lines came. False where that cannot be. */
    fun received(count: Long): Boolean {
        if (count < first || count > next) return false
        // Taken in part at least: sending the same again at once would go on for ever.
        if (count == first && lines.isNotEmpty() && sent > 0) return false
        while (first < count) {
            queuedBytes -= lines.removeFirst().size
            first++
        }
        retry.succeeded()
        return true
    }

    /** The POST had no answer, and is made again, in `after` milliseconds at the earliest. */
    fun failed(now: Long, after: Long? = null) {
        // Without lines it would be forgotten.
        isWanted = true
        retry.failed(now, after)
    }

    /** Ends the POST under way, and tells its number; null where there is none. */
    fun stop(): Int? = current.also { current = null }

    /** The number of a POST that has been under way for too long. */
    fun late(now: Long): Int? = current?.takeIf { now >= startedAt + terms.pingInterval + terms.pingTimeout }

    fun hurry() = retry.hurry()

    /** As many lines as fit into one body; the first in any case, for the server to refuse. */
    private fun take(): List<String> {
        val taken = ArrayList<String>()
        var size = 0L
        for (line in lines) {
            size += line.size + if (taken.isEmpty()) 0 else 1
            if (taken.isNotEmpty() && size > terms.maxPayload) break
            taken.add(line.text)
        }
        return taken
    }
}
