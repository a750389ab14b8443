package dev.crossroom.bridge

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class SleepDetectorTest {
    private var clock = 0L
    private var wall = 1_000_000L
    private val sleep = SleepDetector({ clock }, { wall })

    private fun pass(ms: Long, sleeping: Long = 0): Boolean {
        clock += ms
        wall += ms + sleeping
        return sleep.hasSlept()
    }

    @Test
    fun `is noticed once, where the clock stood still meanwhile`() {
        assertEquals(listOf(false, true, false), listOf(pass(2_000), pass(2_000, sleeping = 3_600_000), pass(2_000)))
    }

    @Test
    fun `is not what a wall clock looks like that is put back or corrected`() {
        assertEquals(listOf(false, false, false), listOf(pass(2_000, sleeping = -3_600_000), pass(2_000, sleeping = 100), pass(2_000)))
    }
}
