/// What happens to the session.
public enum RoomsEvent: Sendable {
    /// Connected, or connected again, and who one is.
    case connect(Identity)
    /// Frames go another way from now on: a stream over HTTP is held up, and the client polls.
    case transportChanged(TransportKind)
    /// The connection is lost, for people to read why; it is tried to get it back.
    case disconnect(reason: String)
    /// The session is over for good; everything that waited has failed with this.
    case end(CrossroomError)
    /// Another connection has taken this device's place, with the id `sid`: a copy of this client, or somebody else with the same
    /// token. Rooms go on; the inbox is the other's once that has opened it.
    case deviceTaken(sid: String)
    /// The other connection has gone; the inbox goes on here.
    case deviceReturned
    /// The inbox was opened, and items that this device had not processed were dropped, or are of a log that is gone.
    case inboxLost
    /// Something that calls for no action, but belongs in a log.
    case warning(CrossroomError)
}
