package dev.crossroom.bridge

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.report
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * Runs tasks one after the other, whatever threads they come from: all state of a client is changed here, and needs no other lock.
 * It has no thread of its own.
 */
internal class Loop(dispatcher: CoroutineDispatcher) {
    private val queue = dispatcher.limitedParallelism(1)

    /** The one that runs a task now. */
    @Volatile private var thread: Thread? = null

    /** Runs the task now, if this is the loop; or after all that was given before. */
    fun execute(task: () -> Unit) {
        if (thread === Thread.currentThread()) task() else post(task)
    }

    /** Runs the task after all that was given before. */
    fun post(task: () -> Unit) = queue.dispatch(EmptyCoroutineContext, Runnable { run(task) })

    /**
     * Starts something in the loop, and suspends until its callback is called. When the caller is cancelled, what `start` has returned is
     * called in the loop.
     */
    suspend fun <T> await(start: (Callback<T>) -> Cancellable): T = await({}, start)

    /** The same; `undo` is called in the loop where there was a result already that the caller, who was cancelled, does not get any more. */
    suspend fun <T> await(undo: () -> Unit, start: (Callback<T>) -> Cancellable): T =
        suspendCancellableCoroutine { continuation ->
            execute {
                if (continuation.isActive) {
                    val started =
                        start(
                            object : Callback<T> {
                                override fun onSuccess(result: T) {
                                    if (continuation.isActive) continuation.resume(result) { _, _, _ -> execute(undo) } else execute(undo)
                                }

                                override fun onFailure(error: CrossroomException) {
                                    if (continuation.isActive) continuation.resumeWithException(error)
                                }
                            },
                        )
                    continuation.invokeOnCancellation { execute { started.cancel() } }
                }
            }
        }

    /** Starts something in the loop; what is returned gives it up there. */
    fun start(start: () -> Cancellable): Cancellable {
        var started: Cancellable? = null
        execute { started = start() }
        return Cancellable { execute { started?.cancel() } }
    }

    private fun run(task: () -> Unit) {
        thread = Thread.currentThread()
        try {
            task()
        } catch (thrown: Throwable) {
            // A fault of the client's own. The loop goes on; the fault is as loud as any other of the program.
            report(thrown)
        } finally {
            thread = null
        }
    }
}
