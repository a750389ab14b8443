package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.ownError
import dev.crossroom.session.shouldReconnect

/** Where the token came from that was shown. */
internal enum class TokenSource {
    /** The application's function. */
    PROVIDER,

    /** A string of the application's. */
    FIXED,

    /** The server's own, from an earlier welcome. */
    GUEST,
    NONE,
}

internal sealed class ReconnectEffect {
    /** The connection is made again below. */
    object Wait : ReconnectEffect()

    /** `isFirm`: the server has said not to come back sooner, whatever happens. */
    data class Reconnect(val after: Long, val forgetGuest: Boolean, val isFirm: Boolean) : ReconnectEffect()

    data class Ended(val error: CrossroomException) : ReconnectEffect()
}

/**
 * Whether to come back after a connection ended or was refused, and when. A state machine with no I/O; the clock and randomness are
 * passed in. The bridge reconnects by itself after a failure of the network; the rest is decided here.
 */
internal class ReconnectPolicy(private val now: () -> Long, private val random: () -> Double) {
    private var failures = 0
    private var freshRefused = 0
    private var ending: CrossroomException? = null
    private var upSince: Long? = null

    fun welcomed() {
        freshRefused = 0
        ending = null
        upSince = now()
    }

    /** The server says why it is about to close the connection. */
    fun endAnnounced(error: CrossroomException) {
        ending = error
    }

    /** @param code the WebSocket's, where it had one. @param isActive whether the bridge reconnects by itself. */
    fun closed(code: Int?, isActive: Boolean, source: TokenSource): ReconnectEffect {
        val announced = ending
        ending = null
        val since = upSince
        if (since != null && now() - since >= GOOD_AFTER) failures = 0
        upSince = null
        if (announced != null) return ended(announced, isActive, source)
        if (isActive) return ReconnectEffect.Wait
        // A plain end, the server's application that disconnects without a reason, as over Socket.IO, and something on the way that takes less than a
        // message has: that is no end of a session.
        if (code != null && code !in PLAIN && !shouldReconnect(code)) {
            return ReconnectEffect.Ended(
                ownError(ErrorCode.REFUSED, "The server closed the connection for good, with code $code.", closeCode = code),
            )
        }
        return reconnect()
    }

    /** A connect was refused for good, as far as the bridge is concerned. */
    fun refused(error: CrossroomException, source: TokenSource): ReconnectEffect {
        val reason = reasonOf(error)
        val isGuestRefused = reason.code == ErrorCode.UNAUTHORIZED || reason.code == ErrorCode.TOKEN_REVOKED
        if (isGuestRefused && source == TokenSource.GUEST) return reconnect(reason, forgetGuest = true)
        return ended(reason, false, source)
    }

    private fun ended(error: CrossroomException, isActive: Boolean, source: TokenSource): ReconnectEffect {
        if (error.code == ErrorCode.TOKEN_EXPIRED) {
            if (source == TokenSource.GUEST) return reconnect(error, forgetGuest = true)
            if (source == TokenSource.PROVIDER && ++freshRefused < MAX_FRESH_REFUSED) {
                return if (isActive) ReconnectEffect.Wait else reconnect(error)
            }
        } else if (error.retryable) {
            return if (isActive) ReconnectEffect.Wait else reconnect(error)
        }
        return ReconnectEffect.Ended(error)
    }

    private fun reconnect(error: CrossroomException? = null, forgetGuest: Boolean = false): ReconnectEffect {
        failures++
        val delay = if (error == null) retryDelay(failures, random()) else retryDelay(failures, random(), error)
        return ReconnectEffect.Reconnect(delay, forgetGuest, isFirm = error?.retryAfterMillis != null)
    }

    /** What a refused connect says: docs/rooms-api.md, 2.2 and 10.2. */
    private fun reasonOf(error: CrossroomException): CrossroomException {
        val said = Wire.error(error.data)
        return when {
            said != null -> said
            error.code == ErrorCode.UNAUTHORIZED -> error
            error.httpStatus == 401 -> ownError(ErrorCode.UNAUTHORIZED, error.message, httpStatus = 401, cause = error)
            error.httpStatus == 403 -> ownError(ErrorCode.FORBIDDEN, error.message, httpStatus = 403, cause = error)
            else -> ownError(ErrorCode.REFUSED, error.message, httpStatus = error.httpStatus, closeCode = error.closeCode, cause = error)
        }
    }

    private companion object {
        /** Milliseconds after which a connection counts as a good one, and delays begin anew. */
        const val GOOD_AFTER = 10_000L

        /** Fresh tokens that are refused in a row before it is of no use to get another one. */
        const val MAX_FRESH_REFUSED = 2

        val PLAIN = setOf(1000, 1009, 4000)
    }
}
