package dev.crossroom.bridge

import dev.crossroom.Cancellable
import dev.crossroom.transport.Timing

/** What is around a client: time, chance, and where things run. Passed in, so that tests have their own. */
internal interface Environment : Timing {
    val loop: Loop

    /** 128 random bits, in 32 characters. */
    fun newId(): String

    /** Runs the task in the loop after so many milliseconds of [now], unless it is cancelled before, in the loop. Elsewhere that may be too late. */
    override fun after(ms: Long, task: () -> Unit): Cancellable

    /** Runs what is the application's, outside of the loop; `done` is called in it, unless it is cancelled before, in the loop. */
    fun <T> ask(work: suspend () -> T, done: (Result<T>) -> Unit): Cancellable

    /** Has a function called, in the loop, when the machine may have slept: the clock may not know. */
    fun onWake(woken: () -> Unit)

    /** Stops all that still runs. */
    fun close()
}
