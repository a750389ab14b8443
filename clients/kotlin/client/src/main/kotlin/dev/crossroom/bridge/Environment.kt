package dev.crossroom.bridge

import dev.crossroom.Cancellable
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.security.SecureRandom
import kotlin.math.min
import kotlin.random.Random

/** What is around a client: time, chance, and where things run. Passed in, so that tests have their own. */
internal interface Environment {
    val loop: Loop

    /** Milliseconds of a clock that goes on while the machine sleeps, and never back. */
    fun now(): Long

    /** From 0 up to 1. */
    fun random(): Double

    /** 128 random bits, in 32 characters. */
    fun newId(): String

    /** Runs the task in the loop after so many milliseconds of [now], unless it is cancelled before, in the loop. */
    fun after(ms: Long, task: () -> Unit): Cancellable

    /** Runs what is the application's, outside of the loop; `done` is called in it, unless it is cancelled before, in the loop. */
    fun <T> ask(work: suspend () -> T, done: (Result<T>) -> Unit): Cancellable

    /** Has a function called, in the loop, when the machine may have slept: the clock may not know. */
    fun onWake(woken: () -> Unit)

    /** Stops all that still runs. */
    fun close()
}

internal class RealEnvironment(private val clock: () -> Long) : Environment {
    override val loop = Loop(Dispatchers.Default)
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val sleep = SleepDetector(clock, System::currentTimeMillis)

    @Volatile private var woken: () -> Unit = {}
    private val secure = SecureRandom()

    override fun now(): Long = clock()

    override fun onWake(woken: () -> Unit) {
        this.woken = woken
    }

    override fun random(): Double = Random.nextDouble()

    override fun newId(): String {
        val bytes = ByteArray(16).also(secure::nextBytes)
        return bytes.joinToString("") { (it.toInt() and 0xff).toString(16).padStart(2, '0') }
    }

    override fun after(ms: Long, task: () -> Unit): Cancellable {
        val now = now()
        val due = if (ms > Long.MAX_VALUE - now) Long.MAX_VALUE else now + ms
        return run({ waitUntil(due) }) { task() }
    }

    override fun <T> ask(work: suspend () -> T, done: (Result<T>) -> Unit): Cancellable = run(work, done)

    override fun close() = scope.cancel()

    /** In slices: the timers under `delay` stand still while the machine sleeps, and this clock does not. */
    private suspend fun waitUntil(due: Long) {
        var left = due - now()
        while (left > 0) {
            delay(min(left, SLICE))
            if (sleep.isOver()) loop.post { woken() }
            left = due - now()
        }
    }

    private fun <T> run(work: suspend () -> T, done: (Result<T>) -> Unit): Cancellable {
        var isOver = false
        val job =
            scope.launch(start = CoroutineStart.LAZY) {
                val result =
                    try {
                        Result.success(work())
                    } catch (thrown: CancellationException) {
                        // Its own, and not this job's: the work has failed.
                        if (coroutineContext[kotlinx.coroutines.Job]?.isActive != true) throw thrown
                        Result.failure(thrown)
                    } catch (thrown: Throwable) {
                        Result.failure(thrown)
                    }
                loop.post {
                    if (!isOver) {
                        isOver = true
                        done(result)
                    }
                }
            }
        job.start()
        return Cancellable {
            isOver = true
            job.cancel()
        }
    }

    private companion object {
        const val SLICE = 2_000L
    }
}

/**
 * Notices that the machine has slept, where the clock stands still meanwhile, as the monotonic clocks of Linux and macOS do: the wall clock has moved
 * further. Or it was set: so nothing may follow from this that would do harm then.
 */
internal class SleepDetector(private val clock: () -> Long, private val wall: () -> Long) {
    private var ahead = wall() - clock()

    /** Whether it has slept since this was asked last. */
    @Synchronized
    fun isOver(): Boolean {
        val before = ahead
        ahead = wall() - clock()
        return ahead - before >= LONG
    }

    private companion object {
        const val LONG = 5_000L
    }
}
