/// The outcome of a call to the server: exactly one, and never that of another connection.
enum CallOutcome: Sendable {
    /// The ack's argument, with `ok` true.
    case ok(Value)
    case refused(CrossroomError)
    /// No ack came in time, on a connection that may be dead or slow. Whether the call was carried out is not known.
    case timeout
    /// The connection was lost before the ack, or there is none.
    case lost
    /// The same, and the call may be the cause, as the largest that was under way. `allowed`: how often that may be, before it is.
    case suspected(allowed: Int)
}

/// Makes calls, if there is a connection.
@CrossroomActor
protocol Caller: AnyObject {
    var isUp: Bool { get }
    func call(_ name: String, _ argument: Value, _ done: @escaping @CrossroomActor (CallOutcome) -> Void)
}
