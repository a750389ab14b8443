/// What happens in a room.
public enum RoomEvent: Sendable {
    /// Each message once and in order, recovered ones and live ones alike.
    case message(RoomMessage)
    /// Somebody told something.
    case signal(Signal)
    /// Who is there changed. `count` is the server's, where `members` are only the first of many.
    case presence(members: [Member], count: Int)
    /// Joined, or joined again; also while joined, with `recovered` false, where something was lost.
    case joined(Joined)
    /// Joining again was refused; the room is left.
    case left(CrossroomError)
}
