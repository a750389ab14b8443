package dev.crossroom.session

import kotlin.math.max

/** When a request that had no answer is made again (PROTOCOL.md, 12.10): at once, and then with longer and longer pauses. Times in milliseconds. */
internal class HttpRetry(private val random: () -> Double) {
    private val backoff = Backoff(500, 5_000, 0.5)
    private var failures = 0
    private var notBefore = Long.MIN_VALUE

    /** The next request is not made before. */
    var dueAt = Long.MIN_VALUE
        private set

    /** @param after how many milliseconds the answer asks for, where it does. */
    fun failed(now: Long, after: Long? = null) {
        val delay = if (failures == 0) 0 else backoff.delay(failures - 1, random())
        failures++
        notBefore = now + (after ?: 0)
        dueAt = max(now + delay, notBefore)
    }

    fun succeeded() {
        failures = 0
        notBefore = Long.MIN_VALUE
        dueAt = Long.MIN_VALUE
    }

    /** The network is another one, and the pauses begin anew; what an answer asked for is kept. */
    fun hurry() {
        failures = 0
        dueAt = notBefore
    }
}

/** For how long requests of a session have had no answer: past `limit` milliseconds it is given up (PROTOCOL.md, 12.10). */
internal class HttpSilence(private val limit: Long) {
    private var since: Long? = null

    /** When the session is given up, unless an answer comes before. */
    val deadline: Long? get() = since?.plus(limit)

    /** A request has failed, or a stream has ended. */
    fun begin(now: Long) {
        if (since == null) since = now
    }

    /** An answer came, or a byte of a stream. */
    fun end() {
        since = null
    }
}
