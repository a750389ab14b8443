package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.bridge.Mailbox
import dev.crossroom.ownError
import kotlinx.coroutines.flow.Flow
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Those who collect: each gets all that comes from the moment when it subscribed, and may lag behind by `maxLag`; with one more it fails with
 * `too_slow`. May be used on any thread; values are told in the loop.
 */
internal class Subscribers<T : Any>(private val maxLag: Int) {
    private val listeners = CopyOnWriteArrayList<(T) -> Unit>()
    private val mailboxes = CopyOnWriteArrayList<Mailbox<T>>()

    /** A subscription that begins now, though it is collected later. It ends with its collector. */
    fun subscribe(): Flow<T> {
        val mailbox = Mailbox<T>(maxLag)
        mailboxes.add(mailbox)
        return mailbox.asFlow { mailboxes.remove(mailbox) }
    }

    /** Has values told to a function, in the loop, from now on. What it throws is the program's to see, and stops nothing. */
    fun listen(listener: (T) -> Unit): Cancellable {
        listeners.add(listener)
        return Cancellable { listeners.remove(listener) }
    }

    fun tell(value: T) {
        for (listener in listeners) {
            try {
                listener(value)
            } catch (thrown: Exception) {
                val thread = Thread.currentThread()
                thread.uncaughtExceptionHandler?.uncaughtException(thread, thrown)
            }
        }
        for (mailbox in mailboxes) {
            if (mailbox.offer(value)) continue
            mailboxes.remove(mailbox)
            mailbox.end(ownError(ErrorCode.TOO_SLOW))
        }
    }

    /** Nothing more comes to those who are here now; with an error they fail with it, after what came before. */
    fun end(error: CrossroomException?) {
        for (mailbox in mailboxes) {
            mailboxes.remove(mailbox)
            mailbox.end(error)
        }
    }
}

/** What collectors fail with at the end of all: nothing where the application has closed the client itself. */
internal fun unlessClosed(error: CrossroomException): CrossroomException? = error.takeIf { it.code != ErrorCode.CLOSED }
