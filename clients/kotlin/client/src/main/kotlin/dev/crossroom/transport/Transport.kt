package dev.crossroom.transport

import dev.crossroom.TransportKind
import dev.crossroom.frames.Rate

/**
 * Why a connection could not be opened, or broke. `status` is that of a refused request; null where there was no answer. `retryAfter`: in how many
 * milliseconds it may be tried again at the earliest, where the answer says it.
 */
internal class TransportFailure(val message: String, val status: Int?, val cause: Throwable?, val retryAfter: Long? = null)

/** What happens to a connection, on threads of the library's, in order. After [lost], or after [Transport.hangUp], only [gone] is called. */
internal interface TransportListener {
    fun opened()

    /** A text message, or null for a binary one, which the protocol does not know. While this blocks, nothing more is read. */
    fun message(text: String?)

    /** It goes on as another kind: see [Transport.kind]. */
    fun changed()

    /** It has sent a message of its own, which counts as one (PROTOCOL.md, 9). */
    fun spent()

    /** It closed with a code, or could not be opened, or broke. */
    fun lost(code: Int?, reason: String, failure: TransportFailure?)

    /** Nothing of the connection is left. Called once, last. */
    fun gone()
}

/** One WebSocket, or one session over HTTP, from its opening to its end. All may be called on any thread. */
internal interface Transport {
    /** What it is; while it is not open, what is being tried. */
    val kind: TransportKind

    /** Whether the server, or what stands in front of it, is or was there: TCP and TLS. */
    val isReached: Boolean

    /** Bytes that were sent, and have not left yet. */
    val queuedBytes: Long

    /** Dropped where the connection is over; its end is told by [TransportListener.lost]. */
    fun send(text: String)

    /** How many messages the server takes, its own of the transport's among them. */
    fun pace(rate: Rate)

    /** The network is another one. Whether the transport finds out by itself what of it still lives. */
    fun networkChanged(): Boolean

    /** Ends the connection: with a close frame, and when the other side answers it; or `abrupt`ly, at once. May be called after the one, too. */
    fun hangUp(abrupt: Boolean)
}

/** Makes connections. */
internal interface Dialer {
    /** The largest message that [Transport.send] takes, together with what is queued, in bytes. */
    val maxQueuedBytes: Long

    /** @throws RuntimeException for a URL or headers that HTTP has not. */
    fun dial(url: String, headers: Map<String, String>, listener: TransportListener): Transport

    /** Gives back what was held for connections; `done` is called when no thread is left. */
    fun close(done: () -> Unit)
}
