package dev.crossroom.bridge

/**
 * Notices that the machine has slept, where the clock stands still meanwhile, as the monotonic clocks of Linux and macOS do: the wall clock has moved
 * further. Or it was set: so nothing may follow from this that would do harm then.
 */
internal class SleepDetector(private val clock: () -> Long, private val wall: () -> Long) {
    private var ahead = wall() - clock()

    /** Whether it has slept since this was asked last. */
    @Synchronized
    fun hasSlept(): Boolean {
        val before = ahead
        ahead = wall() - clock()
        return ahead - before >= LONG
    }

    private companion object {
        const val LONG = 5_000L
    }
}
