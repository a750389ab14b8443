/// What happens in a room.
public enum RoomEvent: Sendable {
    /// Each message once and in order, recovered ones and live ones alike.
    case message(RoomMessage)
    /// Somebody told something.
    case signal(Signal)
    /// Who is there changed: as `members`, `memberCount` and `isCounted` of the room. Once for all that the server tells at a time.
    case presence(members: [Member], count: Int, isCounted: Bool)
    /// Joined, or joined again; also while joined, with `recovered` false, where something was lost.
    case joined(Joined)
    /// Joining again was refused; the room is left.
    case left(CrossroomError)
}
