package dev.crossroom

/** Who sent a message. */
public data class Sender(public val user: String, public val name: String, public val sid: String, public val transport: String)

/** A message of a room. `at`: milliseconds since the Unix epoch, by the server's clock. */
public data class RoomMessage(
    public val room: String,
    public val id: String,
    public val position: Position,
    public val from: Sender,
    public val data: Value,
    public val at: Long,
)

/** Something that was told to those who were in a room just then. `at`: milliseconds since the Unix epoch, by the server's clock. */
public data class Signal(public val room: String, public val from: Sender, public val data: Value, public val at: Long)

/** A page of a room's log, in its order. `more`: whether there are more in the direction of reading. */
public data class History(public val messages: List<RoomMessage>, public val more: Boolean)
