package dev.crossroom.agent

import dev.crossroom.MemoryStorage
import dev.crossroom.Storage
import java.util.concurrent.ConcurrentHashMap

/** Storages by name, as long as the agent runs. */
class Storages {
    private val storages = ConcurrentHashMap<String, Storage>()

    fun named(name: String): Storage = storages[name] ?: MemoryStorage().also { storages[name] = it }
}
