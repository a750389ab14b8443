package dev.crossroom.session

import dev.crossroom.CrossroomException

internal enum class TimerName { DIAL, RETRY, HEARTBEAT, PROBE }

/**
 * How a connection ended. `final`: the client does not come back by itself. `isCut`: it broke, without a close frame. `status`: of the answer to a
 * request over HTTP, where that was the reason.
 */
internal data class End(val code: Int?, val reason: String, val final: Boolean, val isCut: Boolean = false, val status: Int? = null)

internal sealed class Announcement {
    object Opened : Announcement()

    /** The connection could not be made. */
    data class Failed(val error: CrossroomException, val final: Boolean) : Announcement()

    data class Closed(val end: End) : Announcement()
}

internal sealed class Effect {
    object Dial : Effect()

    /** `abrupt`: without waiting for the other side's close frame, which would not come. */
    data class HangUp(val abrupt: Boolean) : Effect()

    object Ping : Effect()

    data class Start(val timer: TimerName, val ms: Long) : Effect()

    data class Stop(val timer: TimerName) : Effect()

    data class Announce(val what: Announcement) : Effect()
}
