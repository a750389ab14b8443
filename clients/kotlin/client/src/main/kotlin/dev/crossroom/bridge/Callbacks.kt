package dev.crossroom.bridge

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.callback
import dev.crossroom.guard
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.EmptyCoroutineContext

/**
 * Where the application's callbacks and listeners are called: on its executor, or else on the client's own thread. What an executor refuses is run
 * on a thread of `Dispatchers.IO`, as coroutines have it: a callback is called in any case.
 */
internal class Callbacks(executor: Executor?) {
    private val dispatcher = executor?.let(::refusing)?.asCoroutineDispatcher()
    private val queue = dispatcher?.limitedParallelism(1)

    /** Runs what is the application's, after what was given before. What it throws is the program's to see. */
    fun run(task: () -> Unit) {
        if (queue == null) return guard(task)
        queue.dispatch(EmptyCoroutineContext, Runnable { guard(task) })
    }

    fun <T> of(given: Callback<T>): Callback<T> = callback({ run { given.onSuccess(it) } }, { run { given.onFailure(it) } })

    /**
     * Has values told to a listener: on the executor one by one out of a flow of its own, where what it has not taken waits as for any collector;
     * or, without an executor, by `direct`.
     */
    fun <T> listen(flow: () -> Flow<T>, direct: () -> Cancellable, listener: (T) -> Unit): Cancellable {
        if (dispatcher == null) return direct()
        val subscribed = flow()
        val job =
            // By a queue of its own, whose tasks are nobody's job: coroutines cancel the job of a task that is refused.
            CoroutineScope(dispatcher.limitedParallelism(1)).launch {
                try {
                    subscribed.collect { guard { listener(it) } }
                } catch (_: CrossroomException) {
                    // The end of the session, or of a room: of both its own events tell.
                }
            }
        return Cancellable(job::cancel)
    }

    /** The same executor; whatever it throws says that it refuses the task. */
    private fun refusing(executor: Executor) =
        Executor { task ->
            try {
                executor.execute(task)
            } catch (thrown: RuntimeException) {
                throw RejectedExecutionException(thrown)
            }
        }
}
