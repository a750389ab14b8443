package dev.crossroom.bridge

import dev.crossroom.Cancellable
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.security.SecureRandom
import kotlin.math.max
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

    /** Stops all that still runs. */
    fun close()
}

internal class RealEnvironment : Environment {
    override val loop = Loop(Dispatchers.Default.asExecutor())
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val clock = Clock(System::nanoTime, System::currentTimeMillis)
    private val secure = SecureRandom()

    override fun now(): Long = clock.now()

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
 * A clock that goes on while the machine sleeps. The monotonic clocks of Linux, Android and macOS stand still then, and the wall clock may be
 * set: of the two, this one goes by what has moved further, and never back. A wall clock that is put forward by minutes looks like sleep, which
 * costs the connection: it is made again at once.
 */
internal class Clock(private val nanos: () -> Long, private val wall: () -> Long) {
    private var elapsed = 0L
    private var lastNanos = nanos()
    private var lastWall = wall()

    @Synchronized
    fun now(): Long {
        val nanosNow = nanos()
        val wallNow = wall()
        val step = max((nanosNow - lastNanos) / NANOS, wallNow - lastWall)
        // Only whole milliseconds are taken, and what is left counts the next time.
        if (step > 0) {
            elapsed += step
            lastNanos = nanosNow
            lastWall = wallNow
        } else if (wallNow < lastWall) {
            lastWall = wallNow
        }
        return elapsed
    }

    private companion object {
        const val NANOS = 1_000_000L
    }
}
