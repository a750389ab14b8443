package dev.crossroom

/**
 * Told of the outcome of a call: for Java, and for code without coroutines. Exactly one of its functions is called, once, on a thread
 * of the client's, where it must not block.
 */
public interface Callback<in T> {
    /** It was done, with this result. */
    public fun onSuccess(result: T)

    /** It was not, or nobody knows: see [CrossroomException.code]. */
    public fun onFailure(error: CrossroomException)
}

/** Gives something up. May be called on any thread, more than once, and when it is over already. */
public fun interface Cancellable {
    /** Gives it up. */
    public fun cancel()
}

/** A callback of two functions. */
internal inline fun <T> callback(
    crossinline ok: (T) -> Unit,
    crossinline failed: (CrossroomException) -> Unit,
): Callback<T> =
    object : Callback<T> {
        override fun onSuccess(result: T) = ok(result)

        override fun onFailure(error: CrossroomException) = failed(error)
    }
