package dev.crossroom.agent

import dev.crossroom.CrossroomException
import dev.crossroom.Value
import dev.crossroom.json
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.Json
import java.util.concurrent.ConcurrentHashMap

/** A command that is no command. */
class BadCommand(message: String) : Exception(message)

/** Takes the lines of the suite, and does what they say, many at a time. */
class CommandRunner {
    /** Everything is begun where it is told, so that what happens is reported in the order in which it did. */
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Unconfined)
    private val agents = ConcurrentHashMap<String, Agent>()
    private val jobs = ConcurrentHashMap<Long, Job>()
    private val storages = Storages()

    /** Whether the program goes on. */
    fun take(line: String): Boolean {
        val command = Value.of(Json.parseToJsonElement(line))
        val id = command["id"]?.long ?: throw BadCommand("no id")
        if (command["do"]?.text == "exit") {
            runBlocking { closeAll() }
            answer(id, null)
            return false
        }
        val job = scope.launch(start = CoroutineStart.LAZY) { run(id, command) }
        jobs[id] = job
        job.invokeOnCompletion { jobs.remove(id) }
        job.start()
        return true
    }

    suspend fun closeAll() {
        for (agent in agents.values) agent.close()
        agents.clear()
    }

    private suspend fun run(id: Long, command: Value) {
        try {
            answer(id, perform(command))
        } catch (_: CancellationException) {
            fail(id, json("code" to "aborted", "message" to "cancelled", "retryable" to false))
        } catch (error: CrossroomException) {
            fail(id, errorOf(error))
        } catch (thrown: Exception) {
            fail(id, json("code" to "agent", "message" to thrown.toString(), "retryable" to false))
        }
    }

    private suspend fun perform(command: Value): Any? {
        val name = command["client"]?.text ?: throw BadCommand("no client")
        when (command["do"]?.text) {
            "cancel" -> {
                jobs[command["target"]?.long]?.cancel()
                return null
            }
            "open" -> {
                agents[name] =
                    when (command["layer"]?.text) {
                        "bridge" -> BridgeAgent(name, command, scope)
                        "rooms" -> RoomsAgent(name, command, storages, scope)
                        else -> throw BadCommand("no such layer")
                    }
                return null
            }
            "close" -> {
                val agent = agents.remove(name) ?: throw BadCommand("no such client: $name")
                val unsent = withContext(NonCancellable) { agent.close(command["timeout"]?.long) }
                return unsent?.let { json("unsent" to it) }
            }
        }
        val agent = agents[name] ?: throw BadCommand("no such client: $name")
        if (command["do"]?.text != "flush") return agent.perform(command)
        return json("unsent" to agent.flush(command["timeout"]?.long ?: throw BadCommand("no timeout")))
    }

    private fun answer(id: Long, value: Any?) =
        Output.write(if (value == null || value == Unit) json("id" to id, "ok" to true) else json("id" to id, "ok" to true, "value" to value))

    private fun fail(id: Long, error: Value) = Output.write(json("id" to id, "ok" to false, "error" to error))
}
