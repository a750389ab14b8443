package dev.crossroom.support

import dev.crossroom.Cancellable
import dev.crossroom.bridge.Environment
import dev.crossroom.bridge.Loop
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import java.util.concurrent.Executor

/** A clock that is moved by hand, and a loop that runs where it is called. */
internal class FakeEnvironment : Environment {
    private class Timer(val due: Long, val task: () -> Unit)

    override val loop = Loop(Executor { it.run() }.asCoroutineDispatcher())
    private val scope = CoroutineScope(Job() + Dispatchers.Unconfined)
    private val timers = ArrayList<Timer>()
    private var time = 0L
    private var ids = 0

    /** Timers that still run. */
    val running: Int get() = timers.size
    var isClosed = false
        private set

    override fun now(): Long = time

    override fun random(): Double = 0.5

    override fun newId(): String = "id${++ids}"

    override fun after(ms: Long, task: () -> Unit): Cancellable {
        val timer = Timer(time + ms, task)
        timers.add(timer)
        return Cancellable { timers.remove(timer) }
    }

    override fun <T> ask(work: suspend () -> T, done: (Result<T>) -> Unit): Cancellable {
        var isOver = false
        val job =
            scope.launch {
                val result = runCatching { work() }
                loop.post { if (!isOver) done(result) }
            }
        return Cancellable {
            isOver = true
            job.cancel()
        }
    }

    override fun onWake(woken: () -> Unit) = Unit

    override fun close() {
        isClosed = true
        timers.clear()
        scope.cancel()
    }

    /** Lets time pass, and what is due happen when it is. */
    fun pass(ms: Long) {
        val end = time + ms
        while (true) {
            val next = timers.filter { it.due <= end }.minByOrNull { it.due } ?: break
            timers.remove(next)
            time = maxOf(time, next.due)
            loop.execute(next.task)
        }
        time = end
    }
}
