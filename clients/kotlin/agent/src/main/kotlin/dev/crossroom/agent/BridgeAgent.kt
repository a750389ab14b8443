package dev.crossroom.agent

import dev.crossroom.Value
import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.Namespace
import dev.crossroom.bridge.NamespaceEvent
import dev.crossroom.json
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch
import java.util.concurrent.ConcurrentHashMap

class BridgeAgent(private val client: String, command: Value, private val scope: CoroutineScope) : Agent {
    private val keys = Keys()
    private val requests = CredentialRequests(client, keys)
    private val namespaces = ConcurrentHashMap<String, Namespace>()
    private val unanswered = ConcurrentHashMap<Long, NamespaceEvent.Message>()
    private val bridge =
        Bridge(command["url"]?.text ?: throw BadCommand("no url")) {
            take(command)
            command["maxBuffered"]?.long?.let { maxBufferedEvents = it.toInt() }
            val auth = command["auth"]
            when {
                auth is Value.Object -> auth(auth)
                auth?.text == "ask" -> auth { requests.ask() as Value.Object }
            }
            onWarning = { Output.event(client, "warning", "message" to it.message) }
        }

    override suspend fun perform(command: Value): Any? {
        val args = command["args"]?.list.orEmpty().toTypedArray()
        when (command["do"]?.text) {
            "give" -> requests.give(command)
            "background" -> bridge.background()
            "foreground" -> bridge.foreground()
            "network_changed" -> bridge.networkChanged()
            "connect" -> return json("sid" to namespace(command).connect())
            "emit" -> namespace(command).emit(nameOf(command), *args)
            "call" -> {
                val timeout = command["timeout"]?.long
                val namespace = namespace(command)
                return if (timeout == null) {
                    namespace.call(nameOf(command), *args)
                } else {
                    namespace.call(nameOf(command), *args, timeoutMillis = timeout)
                }
            }
            "answer" -> unanswered[command["key"]?.long]?.answer(*args)
            "disconnect" -> namespace(command).disconnect()
            else -> throw BadCommand("no such command")
        }
        return null
    }

    override suspend fun flush(timeout: Long): Int = bridge.flush(timeout)

    override suspend fun close(timeout: Long?): Int? {
        val unsent = timeout?.let { bridge.close(it) }
        bridge.close()
        bridge.awaitClosed()
        return unsent
    }

    private fun nameOf(command: Value): String = command["name"]?.text ?: throw BadCommand("no name")

    private fun namespace(command: Value): Namespace {
        val ns = command["ns"]?.text ?: "/"
        return namespaces[ns] ?: bridge.namespace(ns).also { namespace ->
            namespaces[ns] = namespace
            scope.launch { namespace.events.collect { report(ns, it) } }
        }
    }

    private fun report(ns: String, event: NamespaceEvent) {
        when (event) {
            is NamespaceEvent.Connected -> Output.event(client, "connected", "ns" to ns, "sid" to event.sid)
            is NamespaceEvent.Disconnected -> {
                val code = event.closeCode
                val fields = arrayOf<Pair<String, Any?>>("ns" to ns, "final" to event.isFinal)
                Output.event(client, "disconnected", *if (code == null) fields else fields + ("code" to code))
            }
            is NamespaceEvent.Refused -> {
                val fields = arrayOf<Pair<String, Any?>>("ns" to ns, "message" to event.error.message)
                Output.event(client, "refused", *event.error.data?.let { fields + ("data" to it) } ?: fields)
            }
            is NamespaceEvent.Message -> {
                val fields = arrayOf<Pair<String, Any?>>("ns" to ns, "name" to event.name, "args" to event.args)
                if (event.wantsAnswer) {
                    val key = keys.next()
                    unanswered[key] = event
                    Output.event(client, "event", *fields, "key" to key)
                } else {
                    Output.event(client, "event", *fields)
                }
            }
        }
    }
}
