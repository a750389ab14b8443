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
            if (sleep.hasSlept()) loop.post { woken() }
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
