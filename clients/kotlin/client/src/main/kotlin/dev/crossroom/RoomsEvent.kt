package dev.crossroom

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
