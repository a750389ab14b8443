package dev.crossroom

/** Something that happened in a room. More kinds may come: a `when` needs an `else`. */
public abstract class RoomEvent internal constructor() {
    /** A message: each once and in order, recovered ones and live ones alike. */
    public data class Message(public val message: RoomMessage) : RoomEvent()

    /** A signal. */
    public data class Signalled(public val signal: Signal) : RoomEvent()

    /** Who is there has changed, or how many are: told once for all that the server says at a time. */
    public data class Presence(public val members: Members) : RoomEvent()

    /**
     * Joined (again). `recovered` false also comes while joined, if what is missing between two live messages is not kept any more.
     */
    public data class Entered(public val joined: Joined) : RoomEvent()

    /** Joining again was refused; the room is left. */
    public data class Left(public val error: CrossroomException) : RoomEvent()
}
