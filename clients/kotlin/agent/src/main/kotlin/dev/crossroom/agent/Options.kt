package dev.crossroom.agent

import dev.crossroom.ConnectionOptions
import dev.crossroom.Value

/** The options of `open` that both layers have. */
fun ConnectionOptions.take(command: Value) {
    command["path"]?.text?.let { path = it }
    command["headers"]?.map?.let { fields -> headers(fields.mapValues { it.value.text ?: it.value.toString() }) }
    command["reconnect"]?.let { given ->
        given["min"]?.long?.let { reconnect.minDelayMillis = it }
        given["max"]?.long?.let { reconnect.maxDelayMillis = it }
        given["timeout"]?.long?.let { reconnect.timeoutMillis = it }
    }
}
