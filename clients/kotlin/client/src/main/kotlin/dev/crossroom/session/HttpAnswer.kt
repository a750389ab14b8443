package dev.crossroom.session

import dev.crossroom.JsonText
import dev.crossroom.Value
import dev.crossroom.frames.StreamEvent
import dev.crossroom.frames.amountOf
import dev.crossroom.frames.closeOf
import dev.crossroom.frames.wholeNumber
import kotlin.math.max

/** The answer to a request, but for what an answer to a GET streams. `retryAfterSeconds`: of its header. */
internal class HttpAnswer(val status: Int, val body: String, retryAfterSeconds: Long? = null) {
    private val error = JsonText.parse(body)?.get("error")
    val code: String? = error?.get("code")?.text

    /** In how many milliseconds it may be tried again at the earliest (PROTOCOL.md, 1.6); null where it does not say. */
    val retryAfter: Long? =
        max(retryAfterSeconds?.coerceIn(0, MAX_SECONDS)?.times(1_000) ?: 0, amountOf(error?.get("retryAfter")) ?: 0).takeIf { it > 0 }

    /** For people. */
    val message: String get() = "The server refused the connection with HTTP $status. ${body.take(MAX_SHOWN)}".trim()

    /** How many lines of the session came; null where this is not the answer to a POST that was taken. */
    val received: Long? get() = if (status == OK) wholeNumber(JsonText.parse(body)?.get("received")) else null

    /** What an answer to a request of a session says that is not the one hoped for (PROTOCOL.md, 12.9 and 12.10). */
    fun refusal(): HttpRefusal =
        when {
            isTemporary -> HttpRefusal.Again(retryAfter)
            status == 404 && code == "unknown_session" -> HttpRefusal.Unknown
            status == 409 && code == "superseded" -> HttpRefusal.Again(null)
            status == 409 && code == "out_of_order" -> wholeNumber(error?.get("received"))?.let { HttpRefusal.SendFrom(it) }
            status == 410 && code == "closed" -> closeOf(error?.get("close"))?.let { HttpRefusal.Closed(it) }
            status == 410 && code == "cannot_resume" -> HttpRefusal.CannotResume
            status == 413 && code == "message_too_big" -> HttpRefusal.Closed(StreamEvent.Close(TOO_BIG, "message too big"))
            // It is not as the protocol says: no answer.
            status < 300 -> HttpRefusal.Again(null)
            else -> null
        } ?: HttpRefusal.GivenUp(status)

    /** What an answer to an opening says (PROTOCOL.md, 12.2 and 12.16). */
    fun opening(): HttpOpening {
        val terms = if (status == CREATED) termsOf(JsonText.parse(body)) else null
        return when {
            terms != null -> HttpOpening.Opened(terms)
            status >= 400 && code in REFUSALS -> HttpOpening.Refused
            isTemporary -> HttpOpening.Unanswered
            else -> HttpOpening.NoBridge
        }
    }

    private val isTemporary: Boolean get() = status in AGAIN || status in 500..599

    private fun termsOf(value: Value?): HttpTerms? {
        val session = value?.get("session")?.text?.takeIf(SESSION::matches) ?: return null
        return HttpTerms(
            session,
            pingInterval = amountOf(value["pingInterval"]) ?: return null,
            pingTimeout = amountOf(value["pingTimeout"]) ?: return null,
            maxPayload = amountOf(value["maxPayload"]) ?: return null,
            resumeTimeout = amountOf(value["resumeTimeout"]) ?: return null,
        )
    }

    private companion object {
        const val OK = 200
        const val CREATED = 201
        const val TOO_BIG = 1009
        const val MAX_SECONDS = 2_147_483L
        const val MAX_SHOWN = 4_096

        /** Beside 5xx. */
        val AGAIN = setOf(408, 421, 425, 429)

        val SESSION = Regex("[A-Za-z0-9_.-]{1,128}")

        /** Of PROTOCOL.md, 1.3: whoever answers so is a Crossroom server. */
        val REFUSALS =
            setOf(
                "bad_handshake",
                "unauthorized",
                "forbidden",
                "origin_not_allowed",
                "too_many_connections_from_address",
                "too_many_connections",
                "overloaded",
                "upgrade_timeout",
                "shutting_down",
            )
    }
}

/** What a server said at the opening of a session: times in milliseconds, `maxPayload` in bytes. */
internal class HttpTerms(val session: String, val pingInterval: Long, val pingTimeout: Long, val maxPayload: Long, val resumeTimeout: Long)

internal sealed class HttpOpening {
    class Opened(val terms: HttpTerms) : HttpOpening()

    /** The server refuses this client, as it would have refused an upgrade. */
    object Refused : HttpOpening()

    /** Something on the way is out of order: it says nothing of the bridge. */
    object Unanswered : HttpOpening()

    /** There is no bridge over HTTP. */
    object NoBridge : HttpOpening()
}

internal sealed class HttpRefusal {
    /** To be sent again, in `after` milliseconds at the earliest. */
    data class Again(val after: Long?) : HttpRefusal()

    /** Lines from this one on are missing. */
    data class SendFrom(val line: Long) : HttpRefusal()

    /** There is no such session any more. */
    object Unknown : HttpRefusal()

    data class Closed(val close: StreamEvent.Close) : HttpRefusal()

    /** What was not received is kept no more. */
    object CannotResume : HttpRefusal()

    /** Something else refuses the client, with this status. */
    data class GivenUp(val status: Int) : HttpRefusal()
}
