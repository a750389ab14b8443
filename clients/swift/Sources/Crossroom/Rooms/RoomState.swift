/// A room as this device has it.
public enum RoomState: Sendable {
    /// Nobody asked for it, it was left, or joining was refused for good.
    case detached
    /// Asked for, and no join has come to its end yet.
    case joining
    /// It was joined; the connection was lost, or what was missed meanwhile is still being read.
    case recovering
    /// The server has this device in the room, and everything up to now was delivered, or waits for the readers of the streams alone.
    case joined
}
