package dev.crossroom

/** A room as this device has it. It is in one state at a time. */
public enum class RoomState {
    /** Nobody asked for it, it was left, or joining was refused for good. */
    DETACHED,

    /** Asked for, and no join has come to its end yet. */
    JOINING,

    /** It was joined; the connection was lost, or what was missed meanwhile is still being read. */
    RECOVERING,

    /** The server has this device in the room, and everything up to now was delivered, or waits for slow collectors alone. */
    JOINED,
}
