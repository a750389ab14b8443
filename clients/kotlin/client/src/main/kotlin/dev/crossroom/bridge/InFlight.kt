package dev.crossroom.bridge

/** How many of the frames that were handed to the transport are still queued there: it tells bytes alone. */
internal class InFlight {
    private val sizes = ArrayDeque<Long>()
    private var bytes = 0L

    fun sent(size: Long, queued: Long) {
        sizes.addLast(size)
        bytes += size
        count(queued)
    }

    /** @param queued bytes that are queued now: those of the last frames. */
    fun count(queued: Long): Int {
        while (sizes.isNotEmpty() && bytes - sizes.first() >= queued) bytes -= sizes.removeFirst()
        return sizes.size
    }

    fun clear() {
        sizes.clear()
        bytes = 0
    }
}
