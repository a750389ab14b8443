package dev.crossroom

/**
 * Told of the outcome of a call: for Java, and for code without coroutines. Exactly one of its functions is called, once, on a thread
 * of the client's, where it must not block. What it throws goes to that thread's handler of uncaught exceptions.
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
internal inline fun <T> callback(crossinline ok: (T) -> Unit, crossinline failed: (CrossroomException) -> Unit): Callback<T> =
    object : Callback<T> {
        override fun onSuccess(result: T) = ok(result)

        override fun onFailure(error: CrossroomException) = failed(error)
    }

/**
 * Runs what is the application's and is called by the client. What it throws is the program's to see, as of any other thread, and breaks
 * nothing of the client's (docs/sdk.md, 3.5).
 */
internal inline fun guard(task: () -> Unit) {
    try {
        task()
    } catch (thrown: Throwable) {
        report(thrown)
    }
}

/** Gives a fault to the thread's handler of uncaught exceptions. */
internal fun report(thrown: Throwable) {
    val thread = Thread.currentThread()
    try {
        thread.uncaughtExceptionHandler?.uncaughtException(thread, thrown)
    } catch (_: Throwable) {
        // As the virtual machine does with a handler that throws: there is nobody left to tell.
    }
}
