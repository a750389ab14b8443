package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.ownError
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * What waits for its collector, in order. What was put in before the end is still collected; then the flow completes, or fails with
 * the error of the end. May be used on any thread.
 *
 * @param capacity values that may wait; see [offer].
 * @param taken called with each value that its collector takes.
 */
internal class Mailbox<T : Any>(private val capacity: Int, private val taken: (T) -> Unit = {}) {
    private val queue = ArrayDeque<T>()
    private val signal = Channel<Unit>(Channel.CONFLATED)
    private var isEnded = false
    private var error: CrossroomException? = null
    private var isCollected = false

    val size: Int get() = synchronized(queue) { queue.size }

    /** Puts a value in. Whether it was: not where `capacity` wait already, or after the end. */
    fun offer(value: T): Boolean {
        synchronized(queue) {
            if (isEnded || queue.size >= capacity) return false
            queue.addLast(value)
        }
        signal.trySend(Unit)
        return true
    }

    /** Takes out what waits and is not to be kept. */
    fun retain(isKept: (T) -> Boolean) {
        synchronized(queue) { queue.removeAll { !isKept(it) } }
    }

    /** Nothing more will come. */
    fun end(cause: CrossroomException?) {
        synchronized(queue) {
            if (isEnded) return
            isEnded = true
            error = cause
        }
        signal.trySend(Unit)
    }

    /**
     * The values. One collector at a time: a second one fails with `in_use`; a later one goes on where an earlier one has stopped.
     * `entered` and `left` are called when a collector begins, and when it is done.
     */
    fun asFlow(entered: () -> Unit = {}, left: () -> Unit = {}): Flow<T> =
        flow {
            enter()
            entered()
            try {
                while (true) {
                    // A value is not taken for a collector that was cancelled meanwhile.
                    currentCoroutineContext().ensureActive()
                    val value = synchronized(queue) { queue.removeFirstOrNull() }
                    if (value != null) {
                        taken(value)
                        emit(value)
                    } else if (isOver()) {
                        break
                    } else {
                        signal.receive()
                    }
                }
            } finally {
                // In this order: the next one may enter at once.
                left()
                synchronized(queue) { isCollected = false }
            }
        }

    private fun enter() {
        synchronized(queue) {
            if (isCollected) throw ownError(ErrorCode.IN_USE, "This flow has a collector already. It takes one at a time.")
            isCollected = true
        }
    }

    private fun isOver(): Boolean {
        synchronized(queue) {
            if (queue.isNotEmpty() || !isEnded) return false
            error?.let { throw it }
            return true
        }
    }
}
