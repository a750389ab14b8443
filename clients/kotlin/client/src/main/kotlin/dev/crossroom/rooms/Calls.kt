package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Namespace
import dev.crossroom.Value
import dev.crossroom.callback
import dev.crossroom.ownError

/** Makes calls, if there is a connection. */
internal interface Caller {
    val isUp: Boolean

    /** What the data of one message may have, in bytes of JSON; as the last welcome said, if it did. */
    val messageBytes: Long?

    fun call(name: String, argument: Value.Object, done: (Outcome<Value>) -> Unit)
}

/** Calls to the server, on the connection that there is: each gets exactly one outcome, and never that of another connection. */
internal class Calls(private val namespace: Namespace, private val ackTimeout: Long) {
    private class Pending(val done: (Outcome<Value>) -> Unit) {
        var cancellable: Cancellable? = null
    }

    private val pending = LinkedHashSet<Pending>()

    /** To be made only while connected: the namespace would keep it for the next connection otherwise. */
    fun make(name: String, argument: Value.Object, done: (Outcome<Value>) -> Unit) {
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
            settle(call, Outcome.Lost)
        }
    }

    private fun settle(call: Pending, outcome: Outcome<Value>) {
        if (pending.remove(call)) call.done(outcome)
    }

    private fun outcomeOf(answer: Value?): Outcome<Value> {
        if (answer != null && answer["ok"]?.boolean == true) return Outcome.Ok(answer)
        return Outcome.Refused(Wire.error(answer?.get("error")) ?: notOfTheApi())
    }

    private fun outcomeOf(error: CrossroomException): Outcome<Value> =
        when (error.code) {
            ErrorCode.TIMEOUT -> Outcome.Timeout
            ErrorCode.DISCONNECTED, ErrorCode.CLOSED, NAMESPACE_CLOSED, NOT_CONNECTED -> Outcome.Lost
            // Also the code of an `error` frame: it stays so however often the call is made.
            ErrorCode.PAYLOAD_TOO_LARGE -> Outcome.Refused(ownError(ErrorCode.MESSAGE_TOO_LARGE, error.message, cause = error))
            // The network is slow: it will take more later.
            ErrorCode.BUFFER_FULL -> Outcome.Refused(ownError(ErrorCode.OVERLOADED, error.message, retryable = true, cause = error))
            // The call cannot be put into a frame; or the code of the `error` frame that refused it.
            else -> Outcome.Refused(error)
        }

    private companion object {
        val NAMESPACE_CLOSED = ErrorCode("namespace_closed")
        val NOT_CONNECTED = ErrorCode("not_connected")
    }
}

/** What an answer is taken for that is not in the words of docs/rooms-api.md. */
internal fun notOfTheApi(cause: Throwable? = null): CrossroomException =
    ownError(ErrorCode.BAD_ANSWER, cause = cause)

/** The outcome with its result read; an answer that cannot be read is a refusal. */
internal inline fun <T> Outcome<Value>.read(read: (Value) -> T): Outcome<T> =
    when (this) {
        is Outcome.Ok ->
            try {
                Outcome.Ok(read(result))
            } catch (thrown: NotOfTheApi) {
                Outcome.Refused(notOfTheApi(thrown))
            }
        is Outcome.Refused -> this
        is Outcome.Timeout -> Outcome.Timeout
        is Outcome.Lost -> Outcome.Lost
    }
