package dev.crossroom.agent

import java.util.concurrent.atomic.AtomicLong

/** Keys for what is answered later. */
class Keys {
    private val last = AtomicLong()

    fun next(): Long = last.incrementAndGet()
}
