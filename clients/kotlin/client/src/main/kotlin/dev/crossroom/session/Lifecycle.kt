package dev.crossroom.session

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.ownError
import kotlin.math.max

/**
 * The life of a connection: opening, heartbeat, closing, reconnecting, the background. A state machine with no I/O: each function takes what
 * happened and returns what is to be done. Clock and randomness are passed in; times are in milliseconds.
 *
 * Invariant: the state is final before the effects are returned, and effects that tell the user something come last. Whoever runs a
 * list of effects drops the rest of it once [generation] has changed.
 */
internal class Lifecycle(private val settings: LifecycleSettings, private val random: () -> Double) {
    /** Grows with every change of phase. */
    var generation = 0
        private set
    var phase = Phase.CLOSED
        private set

    /** In the background no connection is made. */
    var isAway = false
        private set

    private var attempts = 0
    private var interval = DEFAULT_INTERVAL
    private var timeout = DEFAULT_TIMEOUT
    private var heardAt = 0L
    private var dialedAt = 0L

    /** When the `ping` frame was sent that nothing has been heard since. */
    private var pingedAt: Long? = null
    private var isProbing = false

    /** Whether this connection has to be watched here, and does not do it itself. */
    private var hasHeartbeat = true

    /** When the first namespace was connected on this connection. */
    private var connectedAt: Long? = null

    /** The server has said that no attempt may be made before (PROTOCOL.md, 1.6). */
    private var notBefore = Long.MIN_VALUE

    /** The connection is wanted. */
    fun open(now: Long): List<Effect> {
        if (isAway || phase == Phase.OPENING || phase == Phase.OPEN) return emptyList()
        return listOf(Effect.Stop(TimerName.RETRY)) + dial(now)
    }

    /** @param hasHeartbeat whether the connection has to show that it lives, and does not see to that itself. */
    fun opened(now: Long, hasHeartbeat: Boolean = true): List<Effect> {
        if (phase != Phase.OPENING) return emptyList()
        enter(Phase.OPEN)
        this.hasHeartbeat = hasHeartbeat
        interval = DEFAULT_INTERVAL
        timeout = DEFAULT_TIMEOUT
        connectedAt = null
        heard(now)
        return listOf(Effect.Stop(TimerName.DIAL)) + checkHeartbeat(now) + Effect.Announce(Announcement.Opened)
    }

    /** A namespace was connected; the server said how often it pings, and how long it waits. */
    fun connected(pingInterval: Long, pingTimeout: Long, now: Long): List<Effect> {
        if (phase != Phase.OPEN) return emptyList()
        if (connectedAt == null) connectedAt = now
        interval = pingInterval
        timeout = pingTimeout
        return checkHeartbeat(now)
    }

    /** Anything came from the server. */
    fun heard(now: Long) {
        // Never back: what was read a while ago may be told after something younger.
        heardAt = max(heardAt, now)
        pingedAt = null
        isProbing = false
    }

    /** Whether the connection is known to be dead, though the timer that says so is late (the machine slept). */
    fun hasExpired(now: Long): Boolean = phase == Phase.OPEN && isDead(now)

    /** The connection could not be made. `final`: trying again would be no use. */
    fun failed(error: CrossroomException, final: Boolean, now: Long): List<Effect> {
        if (phase != Phase.OPENING) return emptyList()
        error.retryAfterMillis?.let { notBefore = now + it }
        val next = if (final) rest() else planRetry(now)
        val isOver = phase == Phase.CLOSED
        val reason = if (isOver && !final) gaveUp(error) else error
        return listOf(Effect.Stop(TimerName.DIAL), Effect.HangUp(abrupt = true)) +
            next +
            Effect.Announce(Announcement.Failed(reason, isOver))
    }

    /** The open connection ended. `final`: the server, or the rules, say not to come back. `status`: of HTTP, where that was the reason. */
    fun lost(code: Int?, reason: String, final: Boolean, now: Long, status: Int? = null): List<Effect> =
        lose(End(code, reason, final, isCut = code == null, status), abrupt = false, now)

    /** The connection is not wanted any more, in whatever phase it is. */
    fun close(): List<Effect> {
        if (phase == Phase.CLOSED) return emptyList()
        val wasOpen = phase == Phase.OPEN
        rest()
        return stopAll() +
            if (wasOpen) listOf(Effect.Announce(Announcement.Closed(End(null, "closed", final = true)))) else emptyList()
    }

    /** The application goes to the background. */
    fun background(): List<Effect> {
        if (isAway) return emptyList()
        isAway = true
        val wasOpen = phase == Phase.OPEN
        if (phase != Phase.CLOSED) rest()
        return stopAll() +
            if (wasOpen) listOf(Effect.Announce(Announcement.Closed(End(null, "background", final = false)))) else emptyList()
    }

    /** It comes back. Whether a connection is wanted then, the shell knows. */
    fun foreground() {
        isAway = false
    }

    /** The network is another one: an attempt is made now, and an open connection has to show that it lives. */
    fun networkChanged(now: Long): List<Effect> =
        when (phase) {
            Phase.CLOSED -> emptyList()
            Phase.WAITING -> listOf(Effect.Stop(TimerName.RETRY)) + dial(now)
            // An attempt that is young goes over the new network already: a change is often reported several times.
            Phase.OPENING ->
                if (now - dialedAt < YOUNG) {
                    emptyList()
                } else {
                    listOf(Effect.Stop(TimerName.DIAL), Effect.HangUp(abrupt = true)) + dial(now)
                }
            Phase.OPEN ->
                if (isProbing) {
                    emptyList()
                } else {
                    isProbing = true
                    listOf(Effect.Ping, Effect.Start(TimerName.PROBE, PROBE))
                }
        }

    /** A timer that an effect started has run out. */
    fun expired(timer: TimerName, now: Long): List<Effect> =
        when (timer) {
            TimerName.DIAL -> failed(ownError(ErrorCode.TIMEOUT, "The attempt to connect took too long.", true), final = false, now)
            TimerName.RETRY -> if (phase == Phase.WAITING) dial(now) else emptyList()
            TimerName.HEARTBEAT -> if (phase == Phase.OPEN) checkHeartbeat(now) else emptyList()
            TimerName.PROBE -> if (phase == Phase.OPEN && isProbing) died(now) else emptyList()
        }

    private fun dial(now: Long): List<Effect> {
        if (now < notBefore) {
            enter(Phase.WAITING)
            return listOf(Effect.Start(TimerName.RETRY, notBefore - now))
        }
        enter(Phase.OPENING)
        dialedAt = now
        return listOf(Effect.Dial)
    }

    private fun lose(end: End, abrupt: Boolean, now: Long): List<Effect> {
        if (phase != Phase.OPEN) return emptyList()
        val since = connectedAt
        if (since != null && now - since >= GOOD_AFTER) attempts = 0
        val next = if (end.final) rest() else planRetry(now)
        val known = end.copy(final = phase == Phase.CLOSED)
        return listOf(Effect.Stop(TimerName.HEARTBEAT), Effect.Stop(TimerName.PROBE), Effect.HangUp(abrupt)) +
            next +
            Effect.Announce(Announcement.Closed(known))
    }

    private fun died(now: Long): List<Effect> = lose(End(null, "ping timeout", final = false), abrupt = true, now)

    /** Waits before the next attempt, or gives up after the last one. */
    private fun planRetry(now: Long): List<Effect> {
        if (attempts >= settings.maxAttempts) return rest()
        enter(Phase.WAITING)
        val delay = settings.backoff.delay(attempts++, random())
        // On top of the server's time, as many may have been told the same.
        return listOf(Effect.Start(TimerName.RETRY, max(now, notBefore) - now + delay))
    }

    private fun rest(): List<Effect> {
        enter(Phase.CLOSED)
        attempts = 0
        return emptyList()
    }

    private fun stopAll(): List<Effect> = TimerName.values().map { Effect.Stop(it) } + Effect.HangUp(abrupt = false)

    /** PROTOCOL.md, 6.2, for a client that cannot see the server's pings: it asks for a sign of life. */
    private fun checkHeartbeat(now: Long): List<Effect> {
        if (!hasHeartbeat) return emptyList()
        if (isDead(now)) return died(now)
        val pinged = pingedAt
        val left = if (pinged == null) heardAt + interval - now else pinged + timeout - now
        if (left > 0) return listOf(Effect.Start(TimerName.HEARTBEAT, left))
        pingedAt = now
        return listOf(Effect.Ping, Effect.Start(TimerName.HEARTBEAT, timeout))
    }

    /** A ping was not answered; or this machine slept for so long that the server has given the connection up. */
    private fun isDead(now: Long): Boolean {
        if (!hasHeartbeat) return false
        val pinged = pingedAt
        return (pinged != null && now >= pinged + timeout) || now >= heardAt + interval + timeout + SLEPT
    }

    private fun gaveUp(error: CrossroomException): CrossroomException =
        ownError(ErrorCode.DISCONNECTED, "No connection after as many attempts as may be made: ${error.message}", cause = error)

    private fun enter(next: Phase) {
        phase = next
        generation++
    }

    private companion object {
        /** Until the server has said its own: Socket.IO's defaults. A connection can also go dead before that. */
        const val DEFAULT_INTERVAL = 25_000L
        const val DEFAULT_TIMEOUT = 20_000L

        /** A connection that a namespace was connected on for so long is a good one: delays begin anew (docs/sdk.md, 2.2). */
        const val GOOD_AFTER = 10_000L

        /** How long an open connection may be silent after the network has changed (docs/sdk.md, 2.6). */
        const val PROBE = 5_000L

        const val YOUNG = 2_000L

        /** By how much a heartbeat must be late to show that the machine slept, and was not only busy. */
        const val SLEPT = 5_000L
    }
}
