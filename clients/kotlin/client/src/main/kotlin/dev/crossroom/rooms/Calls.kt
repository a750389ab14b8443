package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.bridge.Namespace
import dev.crossroom.callback
import dev.crossroom.ownError

/** Calls to the server, on the connection that there is: each gets exactly one outcome, and never that of another connection. */
internal class Calls(private val namespace: Namespace, private val ackTimeout: Long) {
    private class Pending(val done: (CallOutcome<Value>) -> Unit) {
        var cancellable: Cancellable? = null
    }

    private val pending = LinkedHashSet<Pending>()

    /** To be made only while connected: the namespace would keep it for the next connection otherwise. */
    fun make(name: String, argument: Value.Object, done: (CallOutcome<Value>) -> Unit) {
        val call = Pending(done)
        pending.add(call)
        call.cancellable =
            namespace.call(
                name,
                listOf(argument),
                ackTimeout,
                callback({ args -> settle(call, outcomeOf(args.firstOrNull())) }, { error -> settle(call, outcomeOf(error)) }),
            )
    }

    /** The connection is lost: acks that still come are those of nobody. */
    fun lost() {
        for (call in pending.toList()) {
            call.cancellable?.cancel()
            settle(call, CallOutcome.Lost)
        }
    }

    private fun settle(call: Pending, outcome: CallOutcome<Value>) {
        if (pending.remove(call)) call.done(outcome)
    }

    private fun outcomeOf(answer: Value?): CallOutcome<Value> {
        if (answer != null && answer["ok"]?.boolean == true) return CallOutcome.Ok(answer)
        return CallOutcome.Refused(Wire.error(answer?.get("error")) ?: notOfTheApi())
    }

    private fun outcomeOf(error: CrossroomException): CallOutcome<Value> =
        when (error.code) {
            ErrorCode.TIMEOUT -> CallOutcome.Timeout
            ErrorCode.DISCONNECTED, ErrorCode.CLOSED, NAMESPACE_CLOSED, NOT_CONNECTED -> CallOutcome.Lost
            // Also the code of an `error` frame: it stays so however often the call is made.
            ErrorCode.PAYLOAD_TOO_LARGE -> CallOutcome.Refused(ownError(ErrorCode.MESSAGE_TOO_LARGE, error.message, cause = error))
            // The network is slow: it will take more later.
            ErrorCode.BUFFER_FULL -> CallOutcome.Refused(ownError(ErrorCode.OVERLOADED, error.message, retryable = true, cause = error))
            // The call cannot be put into a frame; or the code of the `error` frame that refused it.
            else -> CallOutcome.Refused(error)
        }

    private companion object {
        val NAMESPACE_CLOSED = ErrorCode("namespace_closed")
        val NOT_CONNECTED = ErrorCode("not_connected")
    }
}
