package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.frames.ServerFrame
import dev.crossroom.session.End

/** A namespace, as its connection sees it. */
internal interface Peer {
    /** Whether it wants the connection. */
    val needsConnection: Boolean

    fun opened()

    fun frame(frame: ServerFrame)

    /** Events that wait here for the connection. */
    val unsentEvents: Int

    /** Calls that have no outcome yet. */
    val unsentCalls: Int

    /** Whether the event has to be taken by the application: it keeps its place in the backlog until then. */
    fun event(frame: ServerFrame.Event): Boolean

    /** Whatever waits out a delay is done now: the network is another one, or the application has come back. */
    fun hurry()

    /** The connection could not be made; it will be tried again, unless `final`. */
    fun failed(error: CrossroomException, final: Boolean)

    /** The connection ended. */
    fun lost(end: End)
}
