package dev.crossroom.transport

import dev.crossroom.Cancellable

/** Time and chance, as those have them who keep connections. Passed in, so that tests have their own. */
internal interface Timing {
    /** Milliseconds of a clock that goes on while the machine sleeps, and never back. */
    fun now(): Long

    /** From 0 up to 1. */
    fun random(): Double

    /** Runs the task after so many milliseconds of [now], on a thread where it must not block, unless it is cancelled before. */
    fun after(ms: Long, task: () -> Unit): Cancellable
}
