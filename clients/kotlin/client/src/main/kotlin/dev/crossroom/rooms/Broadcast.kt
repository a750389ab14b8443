package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.bridge.Mailbox
import dev.crossroom.guard
import dev.crossroom.ownError
import kotlinx.coroutines.flow.Flow
import java.lang.ref.WeakReference
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Hands each value to all who collect: each gets all that comes from the moment when it subscribed, and may lag behind by `maxLag`; with one more it
 * fails with `too_slow`. Who stops collecting may go on later, with the same flow. May be used on any thread; values are told in the loop.
 */
internal class Broadcast<T : Any>(private val maxLag: Int) {
    private val listeners = CopyOnWriteArrayList<(T) -> Unit>()
    private val subscriptions = CopyOnWriteArrayList<Subscription<T>>()

    /** The flow holds the mailbox: where the application has let go of it, nobody can collect what would be put in. */
    private class Subscription<T : Any>(mailbox: Mailbox<T>) : WeakReference<Mailbox<T>>(mailbox) {
        /** While it is collected: nobody else may hold a coroutine that waits. */
        @Volatile var collected: Mailbox<T>? = null
    }

    /** A subscription that begins now, though it is collected later. It lasts as long as the flow is held or collected. */
    fun subscribe(): Flow<T> {
        val mailbox = Mailbox<T>(maxLag)
        val subscription = Subscription(mailbox)
        subscriptions.add(subscription)
        return mailbox.asFlow({ subscription.collected = mailbox }, { subscription.collected = null })
    }

    /** Has values told to a function, in the loop, from now on. What it throws is the program's to see, and stops nothing. */
    fun listen(listener: (T) -> Unit): Cancellable {
        listeners.add(listener)
        return Cancellable { listeners.remove(listener) }
    }

    fun emit(value: T) {
        for (listener in listeners) {
            guard { listener(value) }
        }
        for (subscription in subscriptions) {
            val mailbox = subscription.get()
            if (mailbox?.offer(value) == true) continue
            subscriptions.remove(subscription)
            mailbox?.end(ownError(ErrorCode.TOO_SLOW))
        }
    }

    /** Nothing more comes to those who are here now; with an error they fail with it, after what came before. */
    fun end(error: CrossroomException?) {
        for (subscription in subscriptions) {
            subscriptions.remove(subscription)
            subscription.get()?.end(error)
        }
    }
}

/** What collectors fail with at the end of all: nothing where the application has closed the client itself. */
internal fun unlessClosed(error: CrossroomException): CrossroomException? = error.takeIf { it.code != ErrorCode.CLOSED }
