package dev.crossroom.bridge

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.callback
import dev.crossroom.guard
import dev.crossroom.report
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import java.util.concurrent.Executor

/** Where the application's callbacks and listeners are called: on its executor, or else on the client's own thread. */
internal class Callbacks(private val executor: Executor?) {
    private val queue = executor?.let(::Loop)

    /** Runs what is the application's, after what was given before. What it throws is the program's to see. */
    fun run(task: () -> Unit) {
        if (queue == null) return guard(task)
        try {
            queue.post { guard(task) }
        } catch (thrown: RuntimeException) {
            // An executor that was shut down.
            report(thrown)
        }
    }

    fun <T> of(given: Callback<T>): Callback<T> = callback({ run { given.onSuccess(it) } }, { run { given.onFailure(it) } })

    /**
     * Has values told to a listener: on the executor one by one out of a flow of its own, where what it has not taken waits as for any collector;
     * or, without an executor, by `direct`.
     */
    fun <T> listen(flow: () -> Flow<T>, direct: () -> Cancellable, listener: (T) -> Unit): Cancellable {
        if (executor == null) return direct()
        val subscribed = flow()
        val job =
            CoroutineScope(executor.asCoroutineDispatcher()).launch {
                try {
                    subscribed.collect { guard { listener(it) } }
                } catch (_: CrossroomException) {
                    // The end of the session, or of a reader: of both its own events tell.
                }
            }
        return Cancellable(job::cancel)
    }
}
