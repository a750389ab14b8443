package dev.crossroom

/** A place in a log: one value, of which neither half means anything without the other (docs/rooms-api.md, 5.1). */
public data class Position(public val epoch: String, public val offset: Long)

/** A connection of a user's in a room. `transport`: `bridge`, `websocket`, `polling`, `webtransport`, or what comes later. */
public data class Device(public val id: String, public val sid: String, public val transport: String)

/** A user in a room, with each of their devices there. */
public data class Member(public val user: String, public val name: String, public val devices: List<Device>)

/**
 * Who is in a room, as far as the server has told.
 *
 * @property byUser the members, or the first of many, in the order in which they came.
 * @property count how many there are in the server's count.
 */
public data class Members(public val byUser: Map<String, Member>, public val count: Int)

/** Who sent a message. */
public data class Sender(
    public val user: String,
    public val name: String,
    public val sid: String,
    public val transport: String,
)

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
public data class Signal(
    public val room: String,
    public val from: Sender,
    public val data: Value,
    public val at: Long,
)

/** An item of the inbox. More kinds may come: a `when` needs an `else`. */
public abstract class InboxItem internal constructor() {
    /** The message's id; of a receipt, that of one's own message that was processed. */
    public abstract val id: String

    /** Its place in the inbox. */
    public abstract val position: Position

    /** Milliseconds since the Unix epoch, by the server's clock. */
    public abstract val at: Long
}

/** A message to this user. */
public data class InboxMessage(
    override val id: String,
    override val position: Position,
    public val from: Sender,
    public val data: Value,
    override val at: Long,
) : InboxItem()

/** Says that a message of one's own was processed. `user`: who processed it. */
public data class InboxReceipt(
    override val id: String,
    override val position: Position,
    public val user: String,
    override val at: Long,
) : InboxItem()

/** Who one is. `expiresAt`: when the token runs out, in milliseconds since the Unix epoch; null where it does not. */
public data class Self(
    public val user: String,
    public val name: String,
    public val sid: String,
    public val device: String,
    public val isGuest: Boolean,
    public val expiresAt: Long?,
)

/**
 * A room was joined. `recovered` false: messages before `position` are lost to this device.
 *
 * @property history the newest messages up to `position`, where [Room.join] was asked for them: they are not delivered otherwise.
 */
public data class Joined
    @JvmOverloads
    constructor(public val recovered: Boolean, public val position: Position, public val history: History? = null)

/** A message was kept by the server. `at`: milliseconds since the Unix epoch, by its clock. */
public data class Published(public val id: String, public val position: Position, public val at: Long)

/** A message is in the recipient's inbox. `at`: milliseconds since the Unix epoch, by the server's clock. */
public data class Sent(public val id: String, public val at: Long)

/** A page of a room's log, in its order. `more`: whether there are more in the direction of reading. */
public data class History(public val messages: List<RoomMessage>, public val more: Boolean)

/** Something that happened in a room. More kinds may come: a `when` needs an `else`. */
public abstract class RoomEvent internal constructor() {
    /** A message: each once and in order, recovered ones and live ones alike. */
    public data class Message(public val message: RoomMessage) : RoomEvent()

    /** A signal. */
    public data class Signalled(public val signal: Signal) : RoomEvent()

    /** The members changed. */
    public data class Presence(public val members: Members) : RoomEvent()

    /**
     * Joined (again). `recovered` false also comes while joined, if what is missing between two live messages is not kept any more.
     */
    public data class Entered(public val joined: Joined) : RoomEvent()

    /** Joining again was refused; the room is left. */
    public data class Left(public val error: CrossroomException) : RoomEvent()
}

/** Something that happened to the session. More kinds may come: a `when` needs an `else`. */
public abstract class RoomsEvent internal constructor() {
    /** Connected (again); rooms are being joined again. */
    public data class Connected(public val self: Self) : RoomsEvent()

    /** The connection is lost; the client tries to get it back. `reason`: for people. */
    public data class Disconnected(public val reason: String) : RoomsEvent()

    /** The session has ended for good; everything that waited has failed with this. */
    public data class Ended(public val error: CrossroomException) : RoomsEvent()

    /**
     * Another connection has taken this device: a second run of the program with the same storage, or somebody else with the user's token. Its inbox
     * goes on there, and comes back by itself with [DeviceReturned].
     */
    public object DeviceTaken : RoomsEvent()

    /** The connection that had taken this device has gone. */
    public object DeviceReturned : RoomsEvent()

    /** The inbox was opened (again), and items that this device had not processed were dropped. */
    public object InboxLost : RoomsEvent()

    /** Something that calls for no action, but belongs in a log. */
    public data class Warning(public val error: CrossroomException) : RoomsEvent()
}
