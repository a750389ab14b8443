package dev.crossroom.bridge

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import kotlin.math.min

/** Those who wait until what was accepted has left. In the loop alone. */
internal class Flushes(private val environment: Environment, private val unsent: () -> Int) {
    private inner class Flush(val deadline: Long, val callback: Callback<Int>) {
        var timer = Cancellable {}

        fun check() {
            val left = unsent()
            val time = deadline - environment.now()
            if (left == 0 || time <= 0) return finish(left)
            // The transport does not tell when a frame has left.
            timer = environment.after(min(time, STEP), ::check)
        }

        fun finish(left: Int) {
            timer.cancel()
            if (running.remove(this)) callback.onSuccess(left)
        }
    }

    private val running = LinkedHashSet<Flush>()

    /** @param timeout in milliseconds. The result is how many have not left by then. */
    fun start(timeout: Long, callback: Callback<Int>): Cancellable {
        val now = environment.now()
        val flush = Flush(if (timeout > Long.MAX_VALUE - now) Long.MAX_VALUE else now + timeout, callback)
        running.add(flush)
        flush.check()
        return Cancellable {
            flush.timer.cancel()
            running.remove(flush)
        }
    }

    /** Nothing more will leave. */
    fun end() {
        val left = unsent()
        for (flush in running.toList()) flush.finish(left)
    }

    private companion object {
        const val STEP = 10L
    }
}
