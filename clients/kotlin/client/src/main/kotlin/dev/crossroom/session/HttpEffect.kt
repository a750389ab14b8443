package dev.crossroom.session

/** What a session over HTTP says is to be done. Requests have numbers, and what comes of one is told with its number. */
internal sealed class HttpEffect {
    /** GET: a stream or a poll, with `ack` frames received. The one before is over, or has been stopped. */
    data class Read(val id: Int, val isStream: Boolean, val ack: Long) : HttpEffect()

    data class StopRead(val id: Int) : HttpEffect()

    /** POST: the lines, of which `seq` is the number of the first; without lines it has none. */
    data class Post(val id: Int, val seq: Long, val lines: List<String>, val ack: Long) : HttpEffect()

    data class StopPost(val id: Int) : HttpEffect()

    /** The session is left, or is of no use any more. Nobody waits for the answer. */
    object Delete : HttpEffect()

    /** A frame for those above, in order. */
    data class Deliver(val text: String) : HttpEffect()

    /** From now on it is read by polls. */
    object ChangedToPolls : HttpEffect()

    /** A poll has brought something after a stream has not: that is to be remembered (docs/sdk.md, 6.3). */
    object PollsWork : HttpEffect()

    /**
     * The session is over, and not by its user's choice. Told once, last.
     *
     * @property code of the server's close; null where there was none.
     * @property status of an answer that counts as a refusal (PROTOCOL.md, 12.10); else null.
     */
    data class End(val code: Int?, val reason: String, val status: Int? = null) : HttpEffect()
}
