package dev.crossroom.session

import dev.crossroom.TransportKind

/**
 * Whether a client falls back to HTTP where a WebSocket could not be opened (PROTOCOL.md, 12.15).
 *
 * @param status that the handshake was answered with; null where there was no valid answer.
 * @param hasRetryAfter whether the answer says when to come again.
 * @param isReached whether the server, or what stands in front of it, was there: TCP and TLS.
 */
internal fun fallsBack(status: Int?, hasRetryAfter: Boolean, isReached: Boolean): Boolean =
    when (status) {
        null -> isReached
        401, 403, 407, 429 -> false
        503 -> !hasRetryAfter
        else -> true
    }

/**
 * What is known of the ways to servers, by their URLs, for all clients of a process (PROTOCOL.md, 12.16 and 12.17). In memory, and for minutes only. `now` is
 * of a clock that is never set, in milliseconds. May be used from any thread.
 */
internal class TransportMemory(private val now: () -> Long) {
    private class Entry(val kind: TransportKind, val until: Long)

    private val ways = HashMap<String, Entry>()
    private val withoutHttp = HashMap<String, Long>()

    /** The way over HTTP that worked there instead of a WebSocket; null where none is remembered. */
    @Synchronized
    fun wayTo(url: String): TransportKind? = ways[url]?.takeIf { now() < it.until }?.kind

    @Synchronized
    fun remember(url: String, kind: TransportKind) {
        ways.values.removeAll { now() >= it.until }
        ways[url] = Entry(kind, now() + REMEMBERED)
    }

    @Synchronized
    fun forget(url: String) {
        ways.remove(url)
    }

    /** There is no bridge over HTTP. */
    @Synchronized
    fun lacksHttp(url: String) {
        withoutHttp.values.removeAll { now() >= it }
        withoutHttp[url] = now() + LACKING
    }

    @Synchronized
    fun mayHaveHttp(url: String): Boolean = withoutHttp[url]?.let { now() >= it } != false

    companion object {
        /** Of this process. */
        val shared = TransportMemory { System.nanoTime() / 1_000_000 }

        private const val REMEMBERED = 10L * 60 * 1_000
        private const val LACKING = 5L * 60 * 1_000
    }
}
