package dev.crossroom.rooms

/** How many calls of a kind wait in all queues. */
internal class PendingCount(private val max: Int) {
    private var count = 0

    val isFull: Boolean get() = count >= max

    fun add() {
        count++
    }

    fun remove() {
        count--
    }
}
