package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.ownError

/** What became of a call. */
internal sealed class CallOutcome<out T> {
    data class Ok<T>(val result: T) : CallOutcome<T>()

    data class Refused(val error: CrossroomException) : CallOutcome<Nothing>()

    /** No ack came in time, on a connection that may be dead or slow. Whether the call was carried out is not known. */
    object Timeout : CallOutcome<Nothing>()

    /** The connection was lost before the ack, or there is none. */
    object Lost : CallOutcome<Nothing>()
}

/** What an answer is taken for that is not in the words of docs/rooms-api.md. */
internal fun notOfTheApi(cause: Throwable? = null): CrossroomException = ownError(ErrorCode.BAD_ANSWER, cause = cause)

/** The outcome with its result read; an answer that cannot be read is a refusal. */
internal inline fun <T> CallOutcome<Value>.read(read: (Value) -> T): CallOutcome<T> =
    when (this) {
        is CallOutcome.Ok ->
            try {
                CallOutcome.Ok(read(result))
            } catch (thrown: NotOfTheApi) {
                CallOutcome.Refused(notOfTheApi(thrown))
            }
        is CallOutcome.Refused -> this
        is CallOutcome.Timeout -> CallOutcome.Timeout
        is CallOutcome.Lost -> CallOutcome.Lost
    }

/** Goes on with the outcome. A call that was lost is nothing to go on with: what it was for begins again on the next connection. */
internal inline fun <T> CallOutcome<T>.handle(ok: (T) -> Unit, timeout: () -> Unit, refused: (CrossroomException) -> Unit) =
    when (this) {
        is CallOutcome.Ok -> ok(result)
        is CallOutcome.Timeout -> timeout()
        is CallOutcome.Refused -> refused(error)
        is CallOutcome.Lost -> Unit
    }
