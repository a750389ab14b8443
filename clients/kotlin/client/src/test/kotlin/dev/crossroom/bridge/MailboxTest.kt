package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.ownError
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class MailboxTest {
    @Test
    fun `gives what was put in before the end, then the end`() =
        runTest {
            val mailbox = Mailbox<Int>(10)
            mailbox.offer(1)
            mailbox.offer(2)
            mailbox.end(ownError(ErrorCode.TOO_SLOW))
            val got = ArrayList<Any>()
            try {
                mailbox.asFlow().collect(got::add)
            } catch (error: CrossroomException) {
                got.add(error.code.value)
            }
            assertEquals(listOf<Any>(1, 2, "too_slow"), got)
        }

    @Test
    fun `takes no more than its capacity`() {
        val mailbox = Mailbox<Int>(2)
        assertEquals(listOf(true, true, false), (1..3).map(mailbox::offer))
    }

    @Test
    fun `loses nothing between one collector and the next`() =
        runTest {
            val mailbox = Mailbox<Int>(10)
            (1..4).forEach(mailbox::offer)
            assertEquals(listOf(1, 2), mailbox.asFlow().take(2).toList())
            mailbox.end(null)
            assertEquals(listOf(3, 4), mailbox.asFlow().toList())
        }

    @Test
    fun `takes nothing for a collector that was cancelled while it waited`() =
        runTest {
            val mailbox = Mailbox<Int>(10)
            val waiting = launch(start = CoroutineStart.UNDISPATCHED) { mailbox.asFlow().collect {} }
            mailbox.offer(1)
            waiting.cancel()
            waiting.join()
            mailbox.end(null)
            assertEquals(listOf(1), mailbox.asFlow().toList())
        }

    @Test
    fun `passes values between threads, all of them and in order`() =
        runTest {
            val mailbox = Mailbox<Int>(100_000)
            launch(Dispatchers.Default) {
                for (n in 1..50_000) mailbox.offer(n)
                mailbox.end(null)
            }
            assertEquals((1..50_000).toList(), mailbox.asFlow().toList())
        }
}
