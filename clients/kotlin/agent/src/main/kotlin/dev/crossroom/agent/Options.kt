package dev.crossroom.agent

import dev.crossroom.ConnectionOptions
import dev.crossroom.TransportKind
import dev.crossroom.Value

/** The ways that the clients may use; null where nothing is said. Names that are not known are ignored. */
private val allowedTransports: Set<TransportKind>? =
    System.getenv("CROSSROOM_TRANSPORTS")?.takeIf(String::isNotBlank)?.let { names ->
        val wanted = names.split(',').map(String::trim)
        TransportKind.values().filter { it.name.lowercase() in wanted }.toSet()
    }

/** The options of `open` that both layers have. */
fun ConnectionOptions.take(command: Value) {
    allowedTransports?.let { transports = it }
    command["path"]?.text?.let { path = it }
    command["headers"]?.map?.let { fields -> headers(fields.mapValues { it.value.text ?: it.value.toString() }) }
    command["reconnect"]?.let { given ->
        given["min"]?.long?.let { reconnect.minDelayMillis = it }
        given["max"]?.long?.let { reconnect.maxDelayMillis = it }
        given["timeout"]?.long?.let { reconnect.timeoutMillis = it }
    }
}
