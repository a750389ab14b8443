package dev.crossroom.bridge

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * Messages that were read from the WebSocket and that the application has not taken yet. At its limit the reading thread waits: nothing more is
 * read, and the server decides how much it keeps (docs/sdk.md, 3.5).
 */
internal class Backlog(private val limit: Int, private val patience: Long = 5_000) {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private var count = 0

    /** Whether the reading thread waits now. */
    @Volatile
    var isBlocked = false
        private set

    /**
     * Waits for room and takes a place, on the reading thread.
     *
     * @param isOver whether the connection that is read is over: then nobody waits.
     * @param stuck called when it has waited for [patience] milliseconds.
     */
    fun enter(isOver: () -> Boolean, stuck: () -> Unit) {
        lock.withLock {
            if (count >= limit && !isOver()) {
                isBlocked = true
                var left = TimeUnit.MILLISECONDS.toNanos(patience)
                var isReported = false
                while (count >= limit && !isOver()) {
                    if (isReported) changed.await() else left = changed.awaitNanos(left)
                    if (left <= 0 && !isReported) {
                        isReported = true
                        stuck()
                    }
                }
                isBlocked = false
            }
            count++
        }
    }

    /** Gives a place back. */
    fun leave() {
        lock.withLock {
            count--
            changed.signalAll()
        }
    }

    /** A connection is over: whoever reads it need not wait. */
    fun wake() {
        lock.withLock { changed.signalAll() }
    }
}
