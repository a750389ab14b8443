package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.Position
import dev.crossroom.Storage
import dev.crossroom.Value
import dev.crossroom.warningOf

/** What the client keeps in the application's storage. One that fails is as one that keeps nothing; `failed` is told. */
internal class StoredState(private val storage: Storage, private val failed: (CrossroomException) -> Unit) {
    /** The storage is used in the loop, and where credentials are made. */
    private val lock = Any()

    fun device(): String? = get("device")

    fun keepDevice(device: String) = set("device", device)

    fun guestToken(): String? = get("guest")

    /** Null: forgets it. */
    fun keepGuestToken(token: String?) = set("guest", token)

    fun processed(user: String, device: String): Position? {
        // Written by `keepProcessed`: the epoch may hold a colon, the offset cannot.
        val text = get(inboxKey(user, device)) ?: return null
        val offset = text.substringBefore(':').toLongOrNull() ?: return null
        return Position(text.substringAfter(':'), offset)
    }

    fun keepProcessed(user: String, device: String, position: Position) = set(inboxKey(user, device), "${position.offset}:${position.epoch}")

    private fun get(key: String): String? =
        try {
            synchronized(lock) { storage.get(PREFIX + key) }
        } catch (thrown: Throwable) {
            failed(warningOf(thrown))
            null
        }

    private fun set(key: String, value: String?) {
        try {
            synchronized(lock) { if (value == null) storage.remove(PREFIX + key) else storage.set(PREFIX + key, value) }
        } catch (thrown: Throwable) {
            failed(warningOf(thrown))
        }
    }

    /** JSON, so that no two pairs have the same key. */
    private fun inboxKey(user: String, device: String): String = "inbox." + Value.Array(listOf(Value.Text(user), Value.Text(device)))

    private companion object {
        const val PREFIX = "crossroom."
    }
}
