/// Where all of Crossroom's state lives: one actor for all clients of a program.
///
/// Public functions of this library may be called from anywhere, with `await`. Code that is on this actor itself
/// (`@CrossroomActor func ...`) calls them without, and sees no change between two calls.
@globalActor
public actor CrossroomActor {
    /// The one actor.
    public static let shared = CrossroomActor()
}
